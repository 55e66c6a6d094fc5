using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting;

/// <summary>The frame of the few pages that people see of us: without a script, without anything from elsewhere; and the headers that keep it ours.</summary>
public static class HtmlPage
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

    /// <summary>Answers with a page.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="title">What the browser shows above it, in HTML.</param>
    /// <param name="body">All that is in it, in HTML: whatever came from outside has been encoded.</param>
    /// <param name="formTo">An origin that a form of it leads to in the end; null where it has none.</param>
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
