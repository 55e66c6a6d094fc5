using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;

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
            body.Append(CultureInfo.InvariantCulture, $"""<p class="problem" role="alert" id="problem">{html.Encode(problem.Detail)}</p>{'\n'}""");
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
        return HtmlPage.WriteAsync(httpContext, status, "Log in", body.ToString(), formTo: OriginOf(request.Consent.RedirectUri));
    }

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
    public Task ExecuteAsync(HttpContext httpContext) => HtmlPage.WriteAsync(
        httpContext, StatusCodes.Status400BadRequest, "This does not work", $"<h1>This does not work</h1>\n<p>{HtmlEncoder.Default.Encode(sentence)}</p>\n", formTo: null);
}
