using Argosy.Chassis.Caching;
using Argosy.Chassis.Hosting;
using Argosy.Gateway.Limits;

namespace Argosy.Gateway.Keys;

/// <summary>Who is known by a key.</summary>
internal static class KeysSetup
{
    /// <summary>Users' API keys, where there is an auth-service: a gateway without one knows nobody's.</summary>
    public static void AddUserKeys(this ArgosyBuilder argosy)
    {
        if (argosy.Options.AddressesOf(TokenExchange.Issuer).Count > 0)
        {
            argosy.Calls(TokenExchange.Issuer, TokenExchange.Options);
            argosy.Services.AddSingleton<TokenExchange>();
        }

        argosy.Services.AddSingleton(provider => new UserKeys(
            provider.GetRequiredService<ClientKeys>(), provider.GetService<TokenExchange>(), provider.GetRequiredService<Limiter>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TwoLevelCache>>()));
    }
}
