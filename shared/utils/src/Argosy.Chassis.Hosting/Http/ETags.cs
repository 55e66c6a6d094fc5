using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// The <c>If-Match</c> of an update (RFC 9110 §13.1.1); binds as a parameter of an endpoint. Versions are strong ETags.
/// </summary>
/// <param name="Versions">The versions that the caller would overwrite; null when the header is absent.</param>
/// <param name="Any">The caller wrote <c>*</c>: whatever is there, as long as something is.</param>
public sealed record IfMatch(IReadOnlyList<string>? Versions, bool Any)
{
    /// <summary>428 when the header is absent, 412 when it names other versions, else null.</summary>
    /// <param name="version">The version that is there now.</param>
    public Problem? Check(long version)
    {
        if (Any)
        {
            return null;
        }

        if (Versions is null)
        {
            return new Problem(428, "version.required", "An update takes If-Match with the ETag last read.");
        }

        return Versions.Contains(ETags.Of(version), StringComparer.Ordinal)
            ? null
            : Problem.PreconditionFailed("version.changed", $"It has changed since it was read: its ETag is {ETags.Of(version)} now. Read it again and decide anew.");
    }

    /// <summary>Reads the header.</summary>
    /// <exception cref="ProblemException">400 for what is not a list of entity tags.</exception>
    public static ValueTask<IfMatch> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var header = context.Request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return ValueTask.FromResult(new IfMatch(null, false));
        }

        if (!EntityTagHeaderValue.TryParseStrictList(header!, out var tags))
        {
            throw new ProblemException(Problem.Invalid("version.malformed", "If-Match takes entity tags such as \"3\", or *."));
        }

        // If-Match compares strongly, so a weak tag matches nothing.
        var strong = tags.Where(t => !t.IsWeak).Select(t => t.Tag.ToString());
        return ValueTask.FromResult(new IfMatch([.. strong], tags.Any(t => t.Equals(EntityTagHeaderValue.Any))));
    }
}

/// <summary>Versions as entity tags.</summary>
public static class ETags
{
    /// <summary>The tag of a version, quotes included.</summary>
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The same answer with an <c>ETag</c>.</summary>
    public static IResult WithETag(this IResult result, long version) => new Tagged(result, Of(version));

    private sealed class Tagged(IResult inner, string tag) : IResult, IStatusCodeHttpResult
    {
        public int? StatusCode => (inner as IStatusCodeHttpResult)?.StatusCode ?? StatusCodes.Status200OK;

        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ETag = tag;
            return inner.ExecuteAsync(httpContext);
        }
    }
}
