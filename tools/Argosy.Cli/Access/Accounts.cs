using System.Net;
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

    public Task<Tokens> LoginAsync(string who, CancellationToken ct) =>
        who is "admin" or AdminEmail ? LoginAdminAsync(ct) : LoginCustomerAsync(who, ct);

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
        var file = Path.Combine(data.Accounts, Uri.EscapeDataString(email) + ".password");
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
        return answer.IsSuccess ? answer.Read(WireJson.Default.Tokens)
            : throw new Refusal($"{email} is registered with a password that isn't the one in {file}: {answer}");
    }

    private Task<Answer> TryLoginAsync(string email, string password, CancellationToken ct) =>
        gateway.AskAsync(Ask.Post("/api/v1/auth/login", new Credentials(email, password), WireJson.Default.Credentials), Patience, ct);

    private static string NameOf(string email) => email.Split('@')[0];
}
