using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Access;

/// <summary>
/// Logs people in through the gateway, like anyone: with a password that was made here and is kept in the data folder. Whoever
/// isn't registered yet is registered first.
/// </summary>
internal sealed class Accounts(DataFolder data, PatientHttp gateway)
{
    public const string AdminEmail = "admin@argosy.local";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // For what is only tidy.
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(5);

    // A command may take a while.
    private static readonly TimeSpan LeastLeft = TimeSpan.FromMinutes(1);

    public Task<Tokens> LoginAsync(string who, CancellationToken ct) =>
        who is "admin" or AdminEmail ? LoginAdminAsync(ct) : LoginCustomerAsync(who, ct);

    /// <summary>
    /// The administrator's token for commands that come one after the other: one login as long as it is good, and the session before it is
    /// ended. Without it each command would leave a session of a month, and two entries in the audit trail.
    /// </summary>
    /// <param name="refused">A token that somebody has refused meanwhile; null for none.</param>
    /// <param name="time">By which it is good or not.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<string> AdminTokenAsync(string? refused, TimeProvider time, CancellationToken ct)
    {
        var file = Path.Combine(data.Accounts, "admin.token");
        var kept = File.Exists(file) ? await File.ReadAllTextAsync(file, ct) : null;
        var claims = kept is null ? null : TryClaimsOf(kept);       // a file that a power cut has left empty is as good as none
        if (kept is not null && claims is not null && kept != refused && DateTimeOffset.FromUnixTimeSeconds(claims.Exp) - time.GetUtcNow() > LeastLeft)
        {
            return kept;
        }

        var token = (await LoginAdminAsync(ct)).AccessToken;
        SecretFile.Write(file, token);
        if (claims is not null)
        {
            await EndAsync(claims.Sid, token, ct);
        }

        return token;
    }

    // Whatever is answered, or nothing: one that has ended, or another fleet's, is as good as ended, and any ends by itself.
    private async Task EndAsync(string session, string token, CancellationToken ct)
    {
        try
        {
            await gateway.AskAsync(new Ask(HttpMethod.Delete, $"/api/v1/auth/sessions/{Uri.EscapeDataString(session)}") { Token = token }, Courtesy, ct);
        }
        catch (UnansweredException)
        {
            // The command is what matters.
        }
    }

    /// <summary>What is answered to a login with the password that is kept here; nobody is registered.</summary>
    public async Task<Answer> TryLoginAsync(string email, CancellationToken ct) => await TryLoginAsync(email, await PasswordAsync(email, ct), ct);

    /// <summary>A customer's password that is kept here.</summary>
    public async Task<string> PasswordAsync(string email, CancellationToken ct) => (await File.ReadAllTextAsync(PasswordOf(email), ct)).Trim();

    /// <summary>What a token says, unchecked: it is ours.</summary>
    public static Claims ClaimsOf(string token) => JsonSerializer.Deserialize(Base64Url.DecodeFromChars(token.Split('.')[1]), WireJson.Default.Claims)!;

    private static Claims? TryClaimsOf(string token)
    {
        try
        {
            return token.Split('.') is [_, _, _] ? ClaimsOf(token) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private async Task<Tokens> LoginAdminAsync(CancellationToken ct)
    {
        if (!File.Exists(data.AdminPassword))
        {
            throw new Refusal($"{data.AdminPassword} is missing; auth-service writes it at its first start");
        }

        var password = (await File.ReadAllTextAsync(data.AdminPassword, ct)).Trim();
        var answer = await TryLoginAsync(AdminEmail, password, ct);
        return answer.IsSuccess ? answer.Read(WireJson.Default.Tokens)
            : throw new Refusal($"auth-service refuses the password in {data.AdminPassword} for {AdminEmail}: {answer}");
    }

    private async Task<Tokens> LoginCustomerAsync(string email, CancellationToken ct)
    {
        var file = PasswordOf(email);
        var isKnown = File.Exists(file);
        var password = SecretFile.ReadOrCreate(file);
        if (isKnown && await TryLoginAsync(email, password, ct) is { IsSuccess: true } known)
        {
            return known.Read(WireJson.Default.Tokens);
        }

        // A conflict isn't the last word: it may be an earlier attempt of ours whose answer was lost. The login tells.
        var registered = await gateway.AskAsync(
            Ask.Post("/api/v1/auth/register", new Registration(email, password, NameOf(email)), WireJson.Default.Registration), Patience, ct);
        if (!registered.IsSuccess && registered.Status != HttpStatusCode.Conflict)
        {
            File.Delete(file);
            throw new Refusal($"{email} can't be registered: {registered}");
        }

        var answer = await TryLoginAsync(email, password, ct);
        if (answer.IsSuccess)
        {
            return answer.Read(WireJson.Default.Tokens);
        }

        if (!isKnown)
        {
            File.Delete(file);      // made for an account that is somebody's already
            throw new Refusal($"{email} is registered already, with a password that isn't known here: log in with it at /api/v1/auth/login, or take another address");
        }

        throw new Refusal($"{email} is registered with a password that isn't the one in {file}: {answer}");
    }

    private string PasswordOf(string email) => Path.Combine(data.Accounts, Uri.EscapeDataString(email) + ".password");

    private Task<Answer> TryLoginAsync(string email, string password, CancellationToken ct) =>
        gateway.AskAsync(Ask.Post("/api/v1/auth/login", new Credentials(email, password), WireJson.Default.Credentials), Patience, ct);

    private static string NameOf(string email) => email.Split('@')[0];
}
