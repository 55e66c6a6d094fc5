using System.Globalization;
using System.Text.Encodings.Web;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// <c>/connect/authorize</c> (RFC 6749 §3.1, RFC 7636, RFC 9700 §2.1): where a program sends a person to log in. The protocol:
/// <list type="number">
/// <item>A client or redirect URI that is not known is told on a page, and nobody is sent anywhere.</item>
/// <item>Whatever else is wrong goes back to the client as <c>error</c>, with its <c>state</c> and our <c>iss</c> (RFC 9207).</item>
/// <item>The person sees the login page; there is no session with the browser, so each time anew.</item>
/// <item>The page is posted back with address and password, from our own origin, and checked again from the start.</item>
/// <item>Right: the code is committed, then the browser goes back with it. Wrong: the page again, and the same delays as for every login.</item>
/// </list>
/// </summary>
internal static class AuthorizeApi
{
    private const int MaxEmail = 254;
    private const int MostOfAddress = 200;
    private const string Registering = "Whoever runs this platform registers programs and their addresses in the file that AUTH_CLIENTS names.";
    private const string Html = "text/html";
    private const string Refused = "Back to the client with `error` (RFC 6749 §4.1.2.1), `state` and `iss`.";
    private const string NobodySent = "The client or its redirect URI is not known: a page says so, and nobody is sent anywhere.";

    public static void MapAuthorize(this IEndpointRouteBuilder routes)
    {
        var connect = routes.MapGroup("/connect").AllowAnonymous();
        connect.MapGet("/authorize", Ask).TakesQuery<AuthorizeParameters>()
            .WithSummary("Send a person here to log in").Answers<string>(200, "The login page.", Html)
            .Answers(303, Refused).Answers<string>(400, NobodySent, Html);
        connect.MapPost("/authorize", AnswerAsync).TakesForm<AuthorizeForm>()
            .WithSummary("What the login page sends").Answers(303, "Back to the client, with `code`, `state` and `iss`; or with `error`.")
            .Answers<string>(400, "The login page again, or what is wrong with the request.", Html)
            .Answers<string>(429, "The login page again: too many guesses at this address.", Html).Answers<string>(503, "The login page again: too many people log in just now.", Html);
    }

    private static IResult Ask(HttpRequest http, Clients clients, AuthOptions options)
    {
        var form = OAuthForm.From(http.Query);
        return Check(form, clients, options, out var request) ?? (form!["prompt"] is "none"
            ? Back(request!, options, ("error", "login_required"), ("error_description", "Nobody is logged in in this browser."))
            : new LoginPage(request!, form["login_hint"]));
    }

    private static async Task<IResult> AnswerAsync(
        HttpRequest http, Clients clients, AuthOptions options, SignIn signIn, WriteSet cause, CancellationToken ct)
    {
        // Another site's form could log somebody in as somebody else.
        if (http.Headers.Origin.Any(origin => !string.Equals(origin, OriginOf(options.Issuer), StringComparison.OrdinalIgnoreCase)))
        {
            return new ErrorPage("This form was sent from another site. Go back to the program and begin again there.");
        }

        var (form, fault) = await OAuthForm.ReadAsync(http, ct);
        if (form is null)
        {
            return new ErrorPage(fault!);
        }

        if (Check(form, clients, options, out var request) is { } refusal)
        {
            return refusal;
        }

        var typed = form["email"]?.Trim() ?? "";
        var (back, problem) = EmailAddress.Normalise(typed) is { } email
            ? await signIn.LogInAsync(
                email, form["password"] ?? "", cause.Context, (account, work) => Task.FromResult<IResult>(Back(request!, options, ("code", AuthorizationCodes.Issue(account, request!.Consent, work)))), ct)
            : (null, SignIn.Wrong);
        return back ?? new LoginPage(request!, typed.Length <= MaxEmail ? typed : null, problem);
    }

    // Null where all is well.
    private static IResult? Check(OAuthForm? form, Clients clients, AuthOptions options, out AuthorizationRequest? request)
    {
        request = null;
        if (form is null)
        {
            return new ErrorPage("A parameter of the address is there more than once.");
        }

        if (form["client_id"] is not { } id)
        {
            return new ErrorPage("The program that sent you here does not say which one it is: client_id is missing.");
        }

        if (clients.Find(id) is not { } client)
        {
            return new ErrorPage($"The program that sent you here, '{CallersText.Shown(id)}', is not known. {Registering}");
        }

        if (!client.Uses(GrantType.AuthorizationCode))
        {
            return new ErrorPage($"{client.Name} is not registered for logging people in: its grants lack {GrantType.AuthorizationCode}. {Registering}");
        }

        if (form["redirect_uri"] is not { } uri)
        {
            return new ErrorPage($"{client.Name} does not say where to send you afterwards: redirect_uri is missing.");
        }

        if (!client.RedirectUris.Any(known => known.Matches(uri)))
        {
            return new ErrorPage($"{client.Name} wants you sent to '{CallersText.Shown(uri, MostOfAddress)}', which it has not registered. {Registering}");
        }

        var scope = client.Grant(form["scope"]);
        request = new AuthorizationRequest(client, form, new Consent(id, uri, form["code_challenge"] ?? "", form["nonce"], scope ?? ""));
        return Fault(form, scope, client) is { } fault
            ? Back(request, options, ("error", fault.Error), ("error_description", fault.Detail.TrimEnd('.')))       // clients go on after it, some with a stop of their own
            : null;
    }

    private static (string Error, string Detail)? Fault(OAuthForm form, string? scope, Client client) => form switch
    {
        _ when form["request"] is not null => ("request_not_supported", "Requests are not taken as JWTs."),
        _ when form["request_uri"] is not null => ("request_uri_not_supported", "Requests are not fetched from elsewhere."),
        _ when form["response_type"] is null => ("invalid_request", "response_type is missing."),
        _ when form["response_type"] != "code" => ("unsupported_response_type", "The response type is code."),
        _ when form["response_mode"] is not (null or "query") => ("invalid_request", "The response mode is query."),
        _ when form["code_challenge"] is not { } challenge || !AuthorizationCodes.IsChallenge(challenge) => ("invalid_request", "code_challenge must be the SHA-256 of the code_verifier in base64url, 43 characters."),
        _ when form["code_challenge_method"] != "S256" => ("invalid_request", "code_challenge_method must be S256."),
        _ when scope is null => ("invalid_scope", $"The client may have {string.Join(", ", client.Scopes)}, and not {CallersText.Shown(string.Join(", ", client.Refused(form["scope"])), MostOfAddress)}."),
        _ => null,
    };

    // 303, so that no browser posts the password on (RFC 9700 §4.12).
    private static RedirectBack Back(AuthorizationRequest request, AuthOptions options, params IReadOnlyList<(string Name, string Value)> parameters)
    {
        var uri = request.Consent.RedirectUri;
        List<(string Name, string Value)> all = [.. parameters, ("iss", options.Issuer)];
        if (request.State is { } state)
        {
            all.Add(("state", state));
        }

        var query = string.Join('&', all.Select(parameter => $"{parameter.Name}={UrlEncoder.Default.Encode(parameter.Value)}"));
        return new RedirectBack(string.Create(CultureInfo.InvariantCulture, $"{uri}{(uri.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}"));
    }

    private static string OriginOf(string issuer) => new Uri(issuer).GetLeftPart(UriPartial.Authority);

    private sealed class RedirectBack(string location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = location;
            httpContext.Response.Headers.CacheControl = "no-store";
            httpContext.Response.Headers["Referrer-Policy"] = "no-referrer";
            return Task.CompletedTask;
        }
    }
}

/// <summary>A request that has been checked, and what of it the login page has to bring back.</summary>
internal sealed record AuthorizationRequest(Client Client, OAuthForm Form, Consent Consent)
{
    private static readonly string[] Kept =
        ["client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method"];

    public string? State => Form["state"];

    public IEnumerable<KeyValuePair<string, string>> Parameters => Form.Of(Kept);
}
