using System.Buffers;
using System.Buffers.Text;
using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// A token that passed the checks which need no key. They close what <c>JsonWebTokenHandler</c> leaves open: unknown <c>crit</c>,
/// members that appear twice (two parsers may each believe another one), padded signatures, and a limit of 256,000 characters.
/// </summary>
internal sealed partial record TokenText(string Kid, string Algorithm, JsonElement Payload)
{
    public const int MaxLength = 8 * 1024;

    private const int MaxKidLength = 128;

    /// <summary>What any key of ours may sign with; which of them a token may use, the key that it names says.</summary>
    private static readonly FrozenSet<string> Algorithms =
        FrozenSet.Create(StringComparer.Ordinal, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Whether the text has the shape of a compact JWS at all; cheap enough to come before anything else.</summary>
    public static bool HasForm(string token) => token.Length <= MaxLength && CompactForm().IsMatch(token);

    /// <summary>Reads a text that <see cref="HasForm"/>.</summary>
    public static TokenFault TryRead(string token, out TokenText? text)
    {
        text = null;
        var first = token.IndexOf('.', StringComparison.Ordinal);
        var last = token.LastIndexOf('.');
        if (!TryParse(token.AsSpan(0, first), out var header)
            || !TryParse(token.AsSpan(first + 1, last - first - 1), out var payload)
            || !IsBase64Url(token.AsSpan(last + 1)))
        {
            return TokenFault.Malformed;
        }

        if (header.TryGetProperty("crit", out _))
        {
            return TokenFault.Critical;
        }

        // Type and algorithm are looked at before the key id, so that only a token meant for us can make anyone look for a key.
        if (TextOf(header, "typ") != "at+jwt")
        {
            return TokenFault.Type;
        }

        if (TextOf(header, "alg") is not { } algorithm || !Algorithms.Contains(algorithm))
        {
            return TokenFault.Algorithm;
        }

        if (TextOf(header, "kid") is not { Length: > 0 and <= MaxKidLength } kid)
        {
            return TokenFault.UnknownKey;
        }

        text = new TokenText(kid, algorithm, payload);
        return TokenFault.None;
    }

    /// <summary>The text of a member; null if there is none, or it is no text (half a surrogate pair is JSON, and no text).</summary>
    public static string? TextOf(JsonElement parent, string member)
    {
        try
        {
            return parent.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool TryParse(ReadOnlySpan<char> encoded, out JsonElement parsed)
    {
        parsed = default;
        var json = new byte[Base64Url.GetMaxDecodedLength(encoded.Length)];
        if (Base64Url.DecodeFromChars(encoded, json, out _, out var length) != OperationStatus.Done || !Utf8.IsValid(json.AsSpan(0, length)))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json.AsMemory(0, length), Strict);
            parsed = document.RootElement.Clone();
            return parsed.ValueKind == JsonValueKind.Object;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    // Refuses lengths that no encoder makes, and bits set beyond the last byte: one signature has one spelling.
    private static bool IsBase64Url(ReadOnlySpan<char> encoded)
    {
        Span<byte> decoded = stackalloc byte[1024];
        return Base64Url.DecodeFromChars(encoded, decoded, out _, out _) == OperationStatus.Done;
    }

    // Three parts, no padding, nothing around them. \z and not $, which lets a newline through.
    [GeneratedRegex(@"\A[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex CompactForm();
}
