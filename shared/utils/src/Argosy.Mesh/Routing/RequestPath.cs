using System.Buffers;
using System.Text;

namespace Argosy.Mesh.Routing;

/// <summary>
/// The path that rules are matched against and that the backend receives. It is made from the raw request target, never from a
/// path that a server has decoded already: a decision about one text and a request with another is how routes are bypassed.
/// </summary>
/// <remarks>
/// Istio's BASE normalisation (unreserved escapes decoded, escapes in upper case, backslash to slash, dot segments removed), with
/// Envoy's REJECT_REQUEST for escaped slashes. What servers are known to read differently is refused instead of repaired: escaped
/// slashes, NUL and control characters, escapes of escapes, empty segments, path parameters, broken UTF-8, climbing over the root.
/// </remarks>
public static class RequestPath
{
    private static readonly SearchValues<char> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    // RFC 3986 pchar and the slash, without ; (path parameters) and % (handled apart).
    private static readonly SearchValues<char> Legal =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@/");

    /// <summary>True when <paramref name="path"/> is what normalisation leaves it as.</summary>
    public static bool IsNormal(string path) => TryNormalise(path, out var normal, out _) && normal == path;

    /// <summary>Normalises a raw path (no query).</summary>
    /// <param name="raw">The path as it came over the wire.</param>
    /// <param name="path">The same instance when nothing had to change, which is the rule.</param>
    /// <param name="refusal">Why the path is not accepted, as a sentence for whoever sent it.</param>
    public static bool TryNormalise(string raw, out string path, out string? refusal)
    {
        path = raw;
        refusal = null;
        if (raw.Length == 0 || raw[0] is not ('/' or '\\'))
        {
            refusal = "The path must start with a slash.";
            return false;
        }

        return IsPlain(raw) || TryRewrite(raw, out path, out refusal);
    }

    private static bool IsPlain(ReadOnlySpan<char> raw)
        => raw.IndexOfAnyExcept(Legal) < 0 && raw.IndexOf("/.") < 0 && raw.IndexOf("//") < 0;

    private static bool TryRewrite(string raw, out string path, out string? refusal)
    {
        var buffer = ArrayPool<char>.Shared.Rent(raw.Length);              // nothing here makes a path longer
        try
        {
            path = raw;
            refusal = Decode(raw, buffer, out var length);
            refusal ??= WhyNot(buffer.AsSpan(0, length));

            if (refusal is null && !TryRemoveDotSegments(buffer, ref length))
            {
                refusal = "The path climbs over the root.";
            }

            if (refusal is null && !buffer.AsSpan(0, length).SequenceEqual(raw))
            {
                path = new string(buffer, 0, length);
            }

            return refusal is null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }

    /// <summary>What only shows once escapes are decoded: <c>%25%41b</c> is the escape of an escape too.</summary>
    private static string? WhyNot(ReadOnlySpan<char> decoded)
    {
        for (var rest = decoded; rest.IndexOf("%25") is var i and >= 0; rest = rest[(i + 3)..])
        {
            if (rest.Length > i + 4 && char.IsAsciiHexDigit(rest[i + 3]) && char.IsAsciiHexDigit(rest[i + 4]))
            {
                return "The path is escaped twice.";
            }
        }

        return decoded.IndexOf("//") >= 0 ? "The path has an empty segment." : null;
    }

    private static string? Decode(ReadOnlySpan<char> raw, Span<char> into, out int length)
    {
        length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var c = raw[i];
            if (c == '%')
            {
                if (DecodeEscape(raw[i..], into[length..], out var read, out var written) is { } refusal)
                {
                    return refusal;
                }

                i += read - 1;
                length += written;
            }
            else if (c == '\\' || Legal.Contains(c))
            {
                into[length++] = c == '\\' ? '/' : c;
            }
            else
            {
                return c == ';' ? "Path parameters are not accepted." : "The path has a character that must be escaped.";
            }
        }

        return null;
    }

    private static string? DecodeEscape(ReadOnlySpan<char> raw, Span<char> into, out int read, out int written)
    {
        read = written = 3;
        if (!TryReadEscape(raw, out var value))
        {
            return "The path has a broken escape.";
        }

        switch (value)
        {
            case < 0x20 or 0x7f:
                return "The path has a control character.";
            case (byte)'/' or (byte)'\\':
                return "The path has an escaped slash.";
            case (byte)';':
                return "Path parameters are not accepted.";
            case >= 0x80:
                return CopyUtf8(raw, into, out read, out written);
            case var b when Unreserved.Contains((char)b):
                into[0] = (char)b;
                written = 1;
                return null;
            default:
                WriteEscape(into, value);
                return null;
        }
    }

    /// <summary>A character beyond ASCII stays escaped, and must be UTF-8: overlong forms hide dots and slashes.</summary>
    private static string? CopyUtf8(ReadOnlySpan<char> raw, Span<char> into, out int read, out int written)
    {
        Span<byte> bytes = stackalloc byte[4];
        read = written = 0;
        var length = 0;
        var status = OperationStatus.NeedMoreData;
        while (status == OperationStatus.NeedMoreData && length < bytes.Length && TryReadEscape(raw[read..], out var value))
        {
            bytes[length++] = value;
            WriteEscape(into[written..], value);
            read += 3;
            written += 3;
            status = Rune.DecodeFromUtf8(bytes[..length], out _, out _);
        }

        return status == OperationStatus.Done ? null : "The path is not UTF-8.";
    }

    /// <summary>RFC 3986 5.2.4 in place, except that there is nothing over the root to climb to.</summary>
    private static bool TryRemoveDotSegments(Span<char> path, ref int length)
    {
        var written = 0;
        for (var start = 0; start < length;)
        {
            var next = path[(start + 1)..length].IndexOf('/') is var i && i < 0 ? length : start + 1 + i;
            var (stays, climbs) = (path[(start + 1)..next] is ".", path[(start + 1)..next] is "..");
            if (climbs)
            {
                if (written == 0)
                {
                    return false;
                }

                written = path[..written].LastIndexOf('/');
            }
            else if (!stays)
            {
                path[start..next].CopyTo(path[written..]);
                written += next - start;
            }

            if (next == length && (stays || climbs))
            {
                path[written++] = '/';                                      // a trailing dot segment names a folder
            }

            start = next;
        }

        length = written;
        return true;
    }

    private static bool TryReadEscape(ReadOnlySpan<char> raw, out byte value)
    {
        value = 0;
        if (raw.Length < 3 || raw[0] != '%' || !char.IsAsciiHexDigit(raw[1]) || !char.IsAsciiHexDigit(raw[2]))
        {
            return false;
        }

        value = (byte)((HexValue(raw[1]) << 4) | HexValue(raw[2]));
        return true;
    }

    private static void WriteEscape(Span<char> into, byte value)
    {
        into[0] = '%';
        into[1] = "0123456789ABCDEF"[value >> 4];
        into[2] = "0123456789ABCDEF"[value & 15];
    }

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
