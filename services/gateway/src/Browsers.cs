using Argosy.Chassis.Hosting;
using Argosy.Chassis.Telemetry;

namespace Argosy.Gateway;

/// <summary>What browsers are told: whose pages may ask here, and how to treat the answers.</summary>
internal static class Browsers
{
    private const string Variable = "CORS_ORIGINS";

    private static readonly string[] ShownToPages = ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", Correlation.Header];

    /// <summary>
    /// Pages of the exact origins in <c>CORS_ORIGINS</c> may ask, without cookies: who they ask for says the token. Their preflights are
    /// answered here, and nobody else's get any further.
    /// </summary>
    public static void AddBrowsers(this ArgosyBuilder argosy)
    {
        var origins = (argosy.Settings.Text(Variable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var origin in origins.Where(origin => !IsOrigin(origin)))
        {
            argosy.Settings.Refuse(Variable, origin == "*"
                ? "is *, and would let the pages of anybody ask: name the origins of your own, such as https://shop.example."
                : $"has the entry '{origin}', and takes origins such as https://shop.example or http://127.0.0.1:3000, in small letters and without a path, separated by commas.");
        }

        argosy.Services.AddCors(cors => cors.AddDefaultPolicy(policy =>
            policy.WithOrigins(origins).AllowAnyMethod().AllowAnyHeader().WithExposedHeaders(ShownToPages).SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
    }

    /// <summary>On every answer, whoever gave it: nobody guesses its type, runs or frames it, or learns from it where its reader was.</summary>
    public static Task AddSecurityHeadersAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(static state =>
        {
            var answered = (HttpContext)state;
            var headers = answered.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.TryAdd("Referrer-Policy", "no-referrer");     // auth-service's page needs another
            if (headers.ContentSecurityPolicy.Count == 0)
            {
                headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            }

            if (answered.Request.IsHttps)
            {
                headers.StrictTransportSecurity = "max-age=31536000";
            }

            return Task.CompletedTask;
        }, context);
        return next(context);
    }

    // As browsers write them, since they are compared byte by byte.
    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text;
}
