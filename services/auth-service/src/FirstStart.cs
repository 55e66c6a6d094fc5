using System.Buffers.Text;
using System.Security.Cryptography;
using Argosy.Chassis;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>Creates the first administrator, once, before the service listens; and says what is wrong with how it is reached.</summary>
/// <remarks>
/// The password is in its file before the account is committed: a crash between the two leaves a password without an account, and the
/// next start takes it up. The other order could leave an administrator whose password nobody has.
/// </remarks>
internal sealed partial class FirstStart(IStore store, Passwords passwords, AuthOptions options, TimeProvider time, ILogger<FirstStart> log) : IHostedService
{
    private const string Email = "admin@argosy.local";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.IsPlain)
        {
            Plain(options.Issuer);
        }

        if (await store.FirstOrDefaultAsync<Account>(Account.ByEmail, new { email = Email }, cancellationToken) is not null)
        {
            return;
        }

        var password = Password();
        using var place = await passwords.EnterAsync(cancellationToken) ?? throw new InvalidOperationException("Nobody else hashes yet.");
        var account = new Account(Ids.New(time), Email, await place.HashAsync(password), Account.Admin);
        var work = new WriteSet(new MessageContext(account.Id, "auth-service", new MessageHeaders()), time.GetUtcNow());
        AccountApi.Add(account, "Administrator", work);
        var outcome = await store.CommitAsync(work, cancellationToken);
        if (outcome.Result == CommitResult.Conflict)
        {
            return;     // another instance was faster, with the same password
        }

        outcome.Ensure();
        Created(Email, options.AdminPasswordFile ?? options.MadeAdminPasswordFile);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string Password()
    {
        if (options.AdminPasswordFile is { } given)
        {
            return Given(given);
        }

        var path = options.MadeAdminPasswordFile;
        if (!File.Exists(path))
        {
            SecretFile.Create(path, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24)) + "\n");
        }

        return File.ReadAllText(path).Trim() is { Length: > 0 } made
            ? made
            : throw new ConfigurationException($"DATA_DIR holds {path}, which is empty: delete it, and the administrator gets a new password.");
    }

    private static string Given(string path)
    {
        try
        {
            var password = File.ReadAllText(path).TrimEnd('\r', '\n');
            return PasswordPolicy.Fault(password, Email) is { } fault
                ? throw new ConfigurationException($"ADMIN_PASSWORD_FILE is '{path}', and the password in it {fault}: choose another.")
                : password;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"ADMIN_PASSWORD_FILE is '{path}', which cannot be read: {e.Message}");
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "JWT_ISSUER is {Issuer}: people's passwords, and the codes that go back to programs, cross the network in the clear; put TLS before the gateway and name its https address")]
    partial void Plain(string issuer);

    [LoggerMessage(1, LogLevel.Information, "Created the administrator {Email}; the password is in {Path}")]
    partial void Created(string email, string path);
}
