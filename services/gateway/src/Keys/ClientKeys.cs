using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Hosting;
using Argosy.Gateway.Limits;

namespace Argosy.Gateway.Keys;

/// <summary>What stood in the key's header, and the configured client whose key it is; null for nobody's here.</summary>
internal sealed record GivenKey(string Text, string? Client);

/// <summary>
/// The keys by which clients are known, and here only their SHA-256: what a gateway holds opens nothing. A key is 256 random bits, so
/// nothing slower than that is needed.
/// </summary>
internal sealed class ClientKeys
{
    private const string Folder = "CLIENT_KEYS";
    private const string Variable = "API_KEY_HEADER";
    private const string Suffix = ".sha256";

    private readonly (string Client, byte[] Hash)[] _known;

    private ClientKeys(string header, (string Client, byte[] Hash)[] known) => (Header, _known) = (header, known);

    /// <summary>Where callers send their key.</summary>
    public string Header { get; }

    /// <summary>The header's name, and the keys of those clients that have one.</summary>
    /// <param name="settings">Of this process.</param>
    /// <param name="clients">Which clients there are; null where nobody is limited and nothing says so: then all that have a key.</param>
    public static ClientKeys Read(Settings settings, IReadOnlyList<Quota>? clients) =>
        new(ReadHeader(settings), settings.Text(Folder) is { } folder ? [.. ReadFolder(settings, folder, clients)] : []);

    /// <summary>
    /// Takes the key out of the request, which goes on without it; null where there is none. Several are one that is nobody's: whoever
    /// guesses which of them counts will be wrong.
    /// </summary>
    public GivenKey? Take(IHeaderDictionary headers)
    {
        if (!headers.Remove(Header, out var given))
        {
            return null;
        }

        var key = given is [{ } one] ? one : "";

        // All of them, whichever it is: how long it takes says nothing about how close a guess came.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        string? found = null;
        foreach (var (client, known) in _known)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, known) ? client : found;
        }

        return new GivenKey(key, found);
    }

    private static string ReadHeader(Settings settings)
    {
        var header = settings.Text(Variable) ?? "X-API-Key";
        if (!header.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            settings.Refuse(Variable, $"is '{header}', and must be the name of a header, such as X-API-Key.");
        }

        return header;
    }

    private static IEnumerable<(string, byte[])> ReadFolder(Settings settings, string folder, IReadOnlyList<Quota>? clients)
    {
        if (!Directory.Exists(folder))
        {
            settings.Refuse(Folder, $"is '{folder}', and there is no such folder.");
            yield break;
        }

        foreach (var file in Directory.EnumerateFiles(folder, $"*{Suffix}").Order(StringComparer.Ordinal))
        {
            var client = Path.GetFileName(file)[..^Suffix.Length];
            if (clients?.Any(declared => declared.Name == client) == false)
            {
                settings.Refuse(Folder, $"has {Path.GetFileName(file)}, and API_LIMITS has no client {client}: write its quota there, or take the file away.");
            }
            else if (ReadHash(settings, file) is { } hash)
            {
                yield return (client, hash);
            }
        }
    }

    private static byte[]? ReadHash(Settings settings, string file)
    {
        try
        {
            var text = File.ReadAllText(file).Trim();
            if (text.Length == 2 * SHA256.HashSizeInBytes && text.All(char.IsAsciiHexDigit))
            {
                return Convert.FromHexString(text);
            }

            settings.Refuse(Folder, $"has {file}, which must hold the SHA-256 of a client's key, 64 hexadecimal digits and nothing else.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(Folder, $"has {file}, which cannot be read: {e.Message}");
        }

        return null;
    }
}
