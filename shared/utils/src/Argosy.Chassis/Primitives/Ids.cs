using System.Security.Cryptography;
using System.Text;

namespace Argosy.Chassis;

/// <summary>Identifiers as 36 characters of text.</summary>
public static class Ids
{
    /// <summary>The namespace of names that Argosy derives identifiers from. Changing it would change every derived identifier.</summary>
    public static Guid Argosy { get; } = new("5b1ad1c6-70f7-5c54-8f3b-0d6e2f6a4a11");

    /// <summary>A new identity, ordered by time: UUIDv7 (RFC 9562 §5.7).</summary>
    public static string New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    /// <summary>The identity that belongs to a name, the same for ever: UUIDv5 (RFC 9562 §5.5) in Argosy's namespace.</summary>
    public static string From(string name) => From(name, Argosy);

    /// <summary>As <see cref="From(string)"/>, in a namespace of the caller's own.</summary>
    public static string From(string name, Guid @namespace)
    {
        // 1. The namespace in network byte order, then the name in UTF-8, through SHA-1.
        var text = Encoding.UTF8.GetBytes(name);
        Span<byte> input = text.Length <= 240 ? stackalloc byte[16 + text.Length] : new byte[16 + text.Length];
        @namespace.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input[16..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(input, hash);

        // 2. The first 128 bits, with the version (5) and the variant (10) written over them.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString();
    }
}
