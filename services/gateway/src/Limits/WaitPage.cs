using System.Globalization;
using System.Text.Encodings.Web;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Microsoft.Net.Http.Headers;

namespace Argosy.Gateway.Limits;

/// <summary>
/// A refusal for asking too often, for people: whoever posts the login page or opens the documentation has a browser in front of them, and no
/// program that reads problem details.
/// </summary>
internal static class WaitPage
{
    /// <summary>As a page where the request would rather have one than JSON, and as problem details for everybody else.</summary>
    public static IResult ForWhoeverAsks(this Problem refusal, HttpRequest request) =>
        refusal is { Status: StatusCodes.Status429TooManyRequests, RetryAfter: { } wait } && PrefersHtml(request) ? new Page(refusal.Detail, wait) : refusal.ToResult();

    // Who takes anything gets JSON: programs say */*, browsers say what they like best.
    private static bool PrefersHtml(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return QualityOf("text/html") is var html && html > 0 && html > Math.Max(QualityOf("application/json"), QualityOf("application/problem+json"));

        double QualityOf(string type) => accepted.Where(one => one.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(one => one.Quality ?? 1).DefaultIfEmpty(0).Max();
    }

    private sealed class Page(string detail, TimeSpan wait) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            httpContext.Response.Headers[HeaderNames.RetryAfter] = seconds;
            return HtmlPage.WriteAsync(httpContext, StatusCodes.Status429TooManyRequests, "Too many requests", $"""
                <h1>Too many requests</h1>
                <p>{HtmlEncoder.Default.Encode(detail)}</p>
                <p>In {seconds} seconds go back, and do again what you did.</p>

                """, formTo: null);
        }
    }
}
