using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Web;
using Shouldly;

namespace Argosy.Auth.Tests;

/// <summary>A client that sends somebody to the login page and comes back with a code.</summary>
internal sealed partial class CodeFlow(HttpClient http)
{
    public const string Redirect = "http://127.0.0.1:49152/callback";

    public string Verifier { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>What a well-behaved client asks with.</summary>
    public Dictionary<string, string> Request => new(StringComparer.Ordinal)
    {
        ["client_id"] = "argosy",
        ["redirect_uri"] = Redirect,
        ["response_type"] = "code",
        ["scope"] = "openid email api",
        ["state"] = "xyz&\"<>",
        ["nonce"] = "n-0S6",
        ["code_challenge"] = Challenge,
        ["code_challenge_method"] = "S256",
    };

    public Task<HttpResponseMessage> AskAsync(IReadOnlyDictionary<string, string> request) => http.GetAsync($"/connect/authorize?{Encode(request)}");

    /// <summary>Types address and password into the page that a request shows, and sends the form with all that is hidden in it.</summary>
    public async Task<HttpResponseMessage> LoginAsync(string email, string password, IReadOnlyDictionary<string, string>? request = null)
    {
        using var page = await AskAsync(request ?? Request);
        page.StatusCode.ShouldBe(HttpStatusCode.OK, await page.Content.ReadAsStringAsync());
        var fields = Hidden().Matches(await page.Content.ReadAsStringAsync())
            .ToDictionary(match => match.Groups["name"].Value, match => HttpUtility.HtmlDecode(match.Groups["value"].Value), StringComparer.Ordinal);
        (fields["email"], fields["password"]) = (email, password);
        using var form = new FormUrlEncodedContent(fields);
        return await http.PostAsync("/connect/authorize", form);
    }

    public async Task<string> CodeAsync(string email, IReadOnlyDictionary<string, string>? request = null)
    {
        using var answer = await LoginAsync(email, Front.Password, request);
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther, await answer.Content.ReadAsStringAsync());
        return QueryOf(answer)["code"].ShouldNotBeNull();
    }

    public async Task<HttpResponseMessage> RedeemAsync(string code, params (string Name, string? Value)[] changes)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = "argosy",
            ["code"] = code,
            ["redirect_uri"] = Redirect,
            ["code_verifier"] = Verifier,
        };
        foreach (var (name, value) in changes)
        {
            _ = value is null ? fields.Remove(name) : (fields[name] = value) is not null;
        }

        using var form = new FormUrlEncodedContent(fields);
        return await http.PostAsync("/connect/token", form);
    }

    public static System.Collections.Specialized.NameValueCollection QueryOf(HttpResponseMessage redirect) => HttpUtility.ParseQueryString(redirect.Headers.Location!.Query);

    private static string Encode(IEnumerable<KeyValuePair<string, string>> request) =>
        string.Join('&', request.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}"));

    [GeneratedRegex("""<input type="hidden" name="(?<name>[a-z_]+)" value="(?<value>[^"]*)">""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hidden();
}
