using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// A machine client's key for a user's account: <c>argosy_PREFIX_SECRET</c>. The prefix, 8 small letters and digits, is no secret: lists and logs
/// show it, and it finds the key. The secret is 256 random bits in base64url. The word in front is for those who search texts for leaked keys.
/// </summary>
public sealed class ApiKey
{
    /// <summary>What every key begins with.</summary>
    public const string Start = "argosy_";

    /// <summary>How a key looks, for people.</summary>
    public const string Form = $"{Start}PREFIX_SECRET, with a prefix of 8 small letters and digits and a secret of 43 letters, digits, '-' and '_'";

    /// <summary>Where auth-service gives an access token for a key; in no public route.</summary>
    public const string TokenPath = "/internal/api-keys/token";

    private const string PrefixLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int PrefixLength = 8;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    private static readonly SearchValues<char> InPrefix = SearchValues.Create(PrefixLetters);

    // Not the decoder's own check, which lets white space and padding pass.
    private static readonly SearchValues<char> InSecret = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private ApiKey(string text) => Text = text;

    /// <summary>All of it, as its owner sends it.</summary>
    public string Text { get; }

    /// <summary>What may be shown of it.</summary>
    public string Prefix => Text.Substring(Start.Length, PrefixLength);

    /// <summary>SHA-256 in hex: 256 random bits need no salt and no stretching.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Text)));

    /// <summary>A new one.</summary>
    public static ApiKey New() => new(
        $"{Start}{RandomNumberGenerator.GetString(PrefixLetters, PrefixLength)}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}");

    /// <summary>Null for what does not have the form of a key, which then is none.</summary>
    public static ApiKey? Parse(string text)
    {
        const int secret = PrefixLength + 1;
        return text.Length == Start.Length + secret + SecretLength && text.StartsWith(Start, StringComparison.Ordinal)
            && text.AsSpan(Start.Length) is var rest && rest[PrefixLength] == '_'
            && !rest[..PrefixLength].ContainsAnyExcept(InPrefix) && !rest[secret..].ContainsAnyExcept(InSecret)
                ? new ApiKey(text)
                : null;
    }

    /// <summary>The prefix, so that no log has more.</summary>
    public override string ToString() => $"{Start}{Prefix}";
}

/// <summary>On the metadata of routes that are not for API keys.</summary>
internal sealed class RefusesKeys
{
    public static RefusesKeys Mark { get; } = new();

    public static bool At(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<RefusesKeys>() is not null;
}
