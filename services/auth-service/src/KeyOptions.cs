using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>How tokens are signed, validated.</summary>
/// <param name="Folder"><c>keys</c> in the data folder. Instances that share it share the keys.</param>
/// <param name="Algorithm"><c>JWT_ALGORITHM</c>: RS256 (default), PS256 or ES256. With another than before, the next start publishes a key for it.</param>
/// <param name="Master"><c>MASTER_KEY_FILE</c>; null: keys are on disk as they are.</param>
/// <param name="RotateEvery"><c>KEY_ROTATION_DAYS</c>, 0 to 3,650 (default 90): for how long a key signs; null for 0: until somebody asks.</param>
/// <param name="PublishFor">
/// <c>KEY_PUBLISH_SECONDS</c>, 1 to 86,400 (default 960): for how long the next key is in the JWK Set before it may sign. The default is
/// twice the time after which services fetch the set, and its age in caches, and the time after which another instance notices a key:
/// with less, services may meet tokens of a key that they do not know yet.
/// </param>
internal sealed record KeyOptions(string Folder, string Algorithm, MasterKey? Master, TimeSpan? RotateEvery, TimeSpan PublishFor)
{
    /// <summary>How often an instance looks at what the others did to the folder.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long a retired key is still published: the life of an access token and the skew of clocks, many times over.</summary>
    public static readonly TimeSpan KeepRetired = TimeSpan.FromDays(1);

    public static KeyOptions Read(ArgosyBuilder argosy)
    {
        var settings = argosy.Settings;
        var fetched = new IdentityOptions { Issuer = "", Jwks = new Uri("http://localhost") }.RefreshEvery;
        var publish = (int)(2 * fetched + Discovery.MaxAge + LookEvery).TotalSeconds;
        var days = settings.Number("KEY_ROTATION_DAYS", otherwise: 90, min: 0, max: 3_650);
        return new KeyOptions(
            Path.Combine(argosy.Options.DataDirectory, "keys"),
            settings.Word("JWT_ALGORITHM", SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256),
            MasterKey.Read(settings),
            days == 0 ? null : TimeSpan.FromDays(days),
            TimeSpan.FromSeconds(settings.Number("KEY_PUBLISH_SECONDS", publish, min: 1, max: 86_400)));
    }
}

internal static class KeyServices
{
    public static IServiceCollection AddSigningKeys(this IServiceCollection services, KeyOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<KeyFolder>();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<IKeySource>(provider => provider.GetRequiredService<SigningKeys>());

        // Here an unknown key costs a look at a folder, and no key signs sooner than a second after it is there: its first token finds it.
        var identity = (IdentityOptions)services.Last(service => service.ServiceType == typeof(IdentityOptions)).ImplementationInstance!;
        services.AddSingleton(identity with { RefetchAfter = TimeSpan.FromSeconds(1) });
        services.AddSingleton<KeyRotation>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyRotation>());
        return services;
    }
}
