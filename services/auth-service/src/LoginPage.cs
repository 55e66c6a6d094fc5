using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Argosy.Chassis;

namespace Argosy.Auth;

/// <summary>
/// Where people type their password: one page without a script, without anything from elsewhere, that nobody can put into a frame.
/// It works by keyboard alone and on the narrowest screen.
/// </summary>
internal sealed class LoginPage(AuthorizationRequest request, string? email, Problem? problem = null) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var html = HtmlEncoder.Default;
        var body = new StringBuilder().Append(CultureInfo.InvariantCulture, $"""
            <h1>Log in</h1>
            <p>to go on to <strong>{html.Encode(request.Client.Name)}</strong></p>

            """);
        if (problem is not null)
        {
            body.Append(CultureInfo.InvariantCulture, $"""<p class="problem" role="alert" id="problem">{html.Encode(Tell(problem))}</p>{'\n'}""");
            if (problem.RetryAfter is { } wait)
            {
                httpContext.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            }
        }

        body.AppendLine("""<form method="post" action="/connect/authorize">""");
        foreach (var (name, value) in request.Parameters)
        {
            body.Append(CultureInfo.InvariantCulture, $"""<input type="hidden" name="{name}" value="{html.Encode(value)}">{'\n'}""");
        }

        // The cursor is where something has to be typed.
        var (atEmail, atPassword) = string.IsNullOrEmpty(email) ? (" autofocus", "") : ("", " autofocus");
        var described = problem is null ? "" : """ aria-describedby="problem" """.TrimEnd();
        body.Append(CultureInfo.InvariantCulture, $"""
            <label for="email">E-mail</label>
            <input id="email" name="email" type="email" autocomplete="username" maxlength="254" required value="{html.Encode(email ?? "")}"{atEmail}{described}>
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required{atPassword}{described}>
            <button type="submit">Log in</button>
            </form>

            """);

        // 401 would want a WWW-Authenticate, and the browser's own window with it.
        var status = problem is null ? StatusCodes.Status200OK : problem.Status == StatusCodes.Status401Unauthorized ? StatusCodes.Status400BadRequest : problem.Status;
        return Page.WriteAsync(httpContext, status, "Log in", body.ToString(), formTo: OriginOf(request.Consent.RedirectUri));
    }

    private static string Tell(Problem problem) => problem.RetryAfter is { TotalSeconds: > 2 } wait
        ? $"{problem.Detail} That is {Math.Ceiling(wait.TotalSeconds):0} seconds from now."
        : problem.Detail;

    // A browser follows the redirect only where the policy lets the form go there too.
    private static string OriginOf(string redirectUri)
    {
        var uri = new Uri(redirectUri);
        return uri.Scheme is "http" or "https" ? uri.GetLeftPart(UriPartial.Authority) : $"{uri.Scheme}:";
    }
}

/// <summary>What went wrong before anybody could be asked or sent back.</summary>
internal sealed class ErrorPage(string sentence) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => Page.WriteAsync(
        httpContext, StatusCodes.Status400BadRequest, "This does not work", $"<h1>This does not work</h1>\n<p>{HtmlEncoder.Default.Encode(sentence)}</p>\n", formTo: null);
}

/// <summary>The frame of our pages, and the headers that keep it ours.</summary>
internal static class Page
{
    private const string Style = """

        :root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f3f5f7; color: #15202b; }
        main { box-sizing: border-box; width: min(24rem, 100vw); padding: 2rem 1.5rem; background: #fff; border-radius: .75rem; box-shadow: 0 1px 8px #0002; }
        h1 { margin: 0; font-size: 1.5rem; } p { margin: .25rem 0 1.25rem; overflow-wrap: anywhere; }
        label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
        input { box-sizing: border-box; width: 100%; padding: .625rem; font: inherit; color: inherit; background: transparent; border: 1px solid #6b7785; border-radius: .5rem; }
        button { width: 100%; margin-top: 1.5rem; padding: .75rem; font: inherit; font-weight: 600; color: #fff; background: #0b5cad; border: 0; border-radius: .5rem; cursor: pointer; }
        input:focus-visible, button:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
        .problem { padding: .625rem .75rem; background: #fdecea; color: #8a1c12; border-radius: .5rem; }
        @media (prefers-color-scheme: dark) { body { background: #10161c; color: #e6edf3; } main { background: #1a232c; } .problem { background: #4a1f1b; color: #ffd9d4; } }

        """;

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style.ReplaceLineEndings("\n"))));

    public static Task WriteAsync(HttpContext http, int status, string title, string body, string? formTo)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'sha256-{StyleHash}'; form-action {(formTo is null ? "'none'" : $"'self' {formTo}")}; frame-ancestors 'none'; base-uri 'none'";
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";

        // Not no-referrer: with that a browser would say "Origin: null" when it posts the form.
        headers["Referrer-Policy"] = "same-origin";
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{title} · Argosy</title>
            <style>{Style.ReplaceLineEndings("\n")}</style>
            </head>
            <body>
            <main>
            {body}</main>
            </body>
            </html>

            """.ReplaceLineEndings("\n"), http.RequestAborted);
    }
}
