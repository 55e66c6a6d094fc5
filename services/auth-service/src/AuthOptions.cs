using Argosy.Chassis.Hosting;

namespace Argosy.Auth;

/// <summary>What is particular to this service, validated.</summary>
/// <param name="Issuer"><c>JWT_ISSUER</c>: what tokens carry as <c>iss</c>, to the byte, and where the public endpoints are reached.</param>
/// <param name="AdminPasswordFile">
/// <c>ADMIN_PASSWORD_FILE</c>, a file with the first administrator's password; null: one is made and written to
/// <paramref name="MadeAdminPasswordFile"/>. Read once, when the account is created.
/// </param>
/// <param name="MadeAdminPasswordFile"><c>admin-password</c> in the data folder.</param>
internal sealed record AuthOptions(string Issuer, string? AdminPasswordFile, string MadeAdminPasswordFile)
{
    /// <summary>Whether passwords and codes cross a network in the clear.</summary>
    public bool IsPlain => new Uri(Issuer) is { Scheme: "http", IsLoopback: false };

    public static AuthOptions Read(ArgosyBuilder argosy)
    {
        var given = argosy.Settings.Text("ADMIN_PASSWORD_FILE");
        if (given is not null && !File.Exists(given))
        {
            argosy.Settings.Refuse("ADMIN_PASSWORD_FILE", $"is '{given}', and there is no such file: name one that holds the administrator's password.");
        }

        var folder = argosy.Options.DataDirectory;
        return new AuthOptions(argosy.Options.JwtIssuer ?? "", given, Path.Combine(folder, "admin-password"));
    }
}

internal static class AuthServices
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, AuthOptions options, Clients clients)
    {
        services.AddSingleton(options);
        services.AddSingleton(clients);
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<AuthorizationCodes>();
        services.AddSingleton<ClientProof>();
        services.AddSingleton<Grants>();
        services.AddHostedService<FirstStart>();
        return services;
    }
}
