using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting.Identity;

static class Answer
{
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        if (problem.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
        }

        return TypedResults.Problem(
            problem.Detail, statusCode: problem.Status, title: problem.Title, type: $"urn:argosy:problem:{problem.Code}",
            extensions: [new("traceId", Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier)])
            .ExecuteAsync(context);
    }
}
