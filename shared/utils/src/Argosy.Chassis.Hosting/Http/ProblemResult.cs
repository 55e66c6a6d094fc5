using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Argosy.Chassis.Hosting;

/// <summary>Turns refusals into answers; the one place that knows what a problem looks like on the wire (RFC 9457).</summary>
public static class ProblemAnswers
{
    // Quotes as quotes: people read this, and it is never put into a page.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The problem as <c>application/problem+json</c>, with <c>Retry-After</c> where the problem says how long.</summary>
    public static IResult ToResult(this Problem problem) => new ProblemResult(problem);

    internal static async Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        if (problem.Status == StatusCodes.Status403Forbidden)
        {
            context.CountRefusal("access.refuse", problem.Code);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized && response.Headers.WWWAuthenticate.Count == 0)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"argosy\"";      // RFC 9110 §15.5.2 wants one with every 401
        }

        response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        // A HEAD answer has the headers of the GET answer and no body (RFC 9110 §9.3.2).
        response.ContentType = "application/problem+json";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var body = Compose(problem, TraceOf(context));
        response.ContentLength = body.WrittenCount;
        await response.Body.WriteAsync(body.WrittenMemory, CancellationToken.None);
    }

    private static ArrayBufferWriter<byte> Compose(Problem problem, string traceId)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("type", problem.Type);
        json.WriteString("title", problem.Title);
        json.WriteNumber("status", problem.Status);
        json.WriteString("detail", problem.Detail);
        if (problem.Errors is { } errors)
        {
            json.WriteStartObject("errors");
            foreach (var (member, messages) in errors)
            {
                json.WriteStartArray(member);
                foreach (var message in messages)
                {
                    json.WriteStringValue(message);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        if (problem.ViolatedPolicies is { } policies)
        {
            json.WriteStartArray("violated-policies");
            foreach (var policy in policies)
            {
                json.WriteStringValue(policy);
            }

            json.WriteEndArray();
        }

        json.WriteString("traceId", traceId);
        json.WriteEndObject();
        json.Flush();
        return output;
    }

    private static string TraceOf(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

/// <summary>A refusal as the answer of an endpoint; filters may still look at it.</summary>
/// <param name="Problem">The refusal.</param>
public sealed record ProblemResult(Problem Problem) : IResult, IStatusCodeHttpResult, IContentTypeHttpResult
{
    /// <inheritdoc />
    public int? StatusCode => Problem.Status;

    /// <inheritdoc />
    public string ContentType => "application/problem+json";

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => ProblemAnswers.WriteAsync(httpContext, Problem);
}
