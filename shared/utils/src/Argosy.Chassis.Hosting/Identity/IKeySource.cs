namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Where the public keys of the token issuer come from.</summary>
public interface IKeySource
{
    /// <summary>All keys that are good now.</summary>
    /// <exception cref="KeySourceException">They could not be had, or are not usable; the message says why, in one sentence.</exception>
    Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct);
}

/// <summary>The issuer's keys could not be had; trying again later may help.</summary>
public sealed class KeySourceException(string message, Exception? inner = null) : Exception(message, inner);
