using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace Argosy.Chassis.Redis.Resp;

/// <summary>
/// Reads RESP3 as it arrives, in pieces of any size. The protocol:
/// <list type="number">
/// <item>A value begins with a line: its type, then a number, a text, or how much follows. The line may come in pieces; they are kept.</item>
/// <item>A blob's bytes follow its line. They are kept as they come.</item>
/// <item>An aggregate opens a frame, and the values that follow fill it; a full one is itself a value for the frame below.</item>
/// <item>A value with no frame below is a reply. An attribute is dropped when it is full, and the value after it takes its place.</item>
/// </list>
/// What is malformed or beyond the limits is a <see cref="RespException"/>, and the parser is of no more use.
/// </summary>
internal sealed class RespParser(RespLimits limits)
{
    private const byte Cr = (byte)'\r';
    private const byte Lf = (byte)'\n';

    private static readonly SearchValues<byte> InDoubles = SearchValues.Create("0123456789+-.eE"u8);

    private readonly List<Frame> _open = [];
    private byte[] _line = new byte[64];
    private int _lineLength;
    private Blob? _blob;
    private int _items;
    private long _bytes;

    /// <summary>Takes bytes up to the end of a reply, and gives it; null when it has taken all and the reply goes on.</summary>
    public RespValue? Read(ReadOnlySpan<byte> bytes, out int taken)
    {
        taken = 0;
        while (taken < bytes.Length)
        {
            var rest = bytes[taken..];
            taken += _blob is { } blob ? TakeBlob(blob, rest, out var value) : TakeLine(rest, out value);
            if (value is not null && Place(value) is { } reply)
            {
                (_items, _bytes) = (0, 0);
                return reply;
            }
        }

        return null;
    }

    // A line ends with CR LF, and neither stands inside of it.
    private int TakeLine(ReadOnlySpan<byte> bytes, out RespValue? value)
    {
        value = null;
        var end = bytes.IndexOf(Lf);
        var piece = end < 0 ? bytes : bytes[..(end + 1)];
        if (_lineLength + piece.Length > limits.Line + 2)
        {
            throw new RespException($"a line of more than {limits.Line} bytes");
        }

        if (end >= 0 && _lineLength == 0)
        {
            value = Begin(Trim(piece));     // the usual case: the whole line is here
            return piece.Length;
        }

        Keep(piece);
        if (end >= 0)
        {
            var line = Trim(_line.AsSpan(0, _lineLength));
            _lineLength = 0;
            value = Begin(line);
        }

        return piece.Length;
    }

    private void Keep(ReadOnlySpan<byte> piece)
    {
        if (_lineLength + piece.Length > _line.Length)
        {
            Array.Resize(ref _line, Math.Max(_line.Length * 2, _lineLength + piece.Length));
        }

        piece.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += piece.Length;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.Length >= 2 && line[^2] == Cr && line[..^2].IndexOf(Cr) < 0
        ? line[..^2]
        : throw new RespException("a line that does not end with CR LF");

    private RespValue? Begin(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            throw new RespException("an empty line where a value begins");
        }

        if (++_items > limits.Items)
        {
            throw new RespException($"more than {limits.Items} values in one reply");
        }

        var rest = line[1..];
        return (char)line[0] switch
        {
            '+' => Text(RespKind.Text, rest),
            '-' => Text(RespKind.Error, rest),
            ':' => RespValue.OfInteger(Number(rest)),
            '_' when rest.IsEmpty => RespValue.Null,
            '#' when rest is [(byte)'t'] or [(byte)'f'] => RespValue.OfBoolean(rest[0] == (byte)'t'),
            ',' => RespValue.OfDouble(Double(rest)),
            '(' => BigNumber(rest),
            '$' => OpenBlob(RespKind.Text, rest),
            '!' => OpenBlob(RespKind.Error, rest),
            '=' => OpenBlob(RespKind.Verbatim, rest),
            '*' => Open(RespKind.Array, rest),
            '~' => Open(RespKind.Set, rest),
            '%' => Open(RespKind.Map, rest, each: 2),
            '|' => Open(kind: null, rest, each: 2),
            '>' when _open.Count == 0 => Open(RespKind.Push, rest),
            _ => throw new RespException($"a value that begins with {Shown(line)}"),
        };
    }

    private RespValue Text(RespKind kind, ReadOnlySpan<byte> text)
    {
        Count(text.Length);
        return RespValue.OfBytes(kind, text.ToArray());
    }

    private RespValue BigNumber(ReadOnlySpan<byte> digits)
    {
        var bare = digits is [(byte)'-' or (byte)'+', ..] ? digits[1..] : digits;
        return !bare.IsEmpty && bare.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            ? Text(RespKind.BigNumber, digits)
            : throw new RespException($"a big number that is {Shown(digits)}");
    }

    private static double Double(ReadOnlySpan<byte> text) => text switch
    {
        _ when text.SequenceEqual("inf"u8) => double.PositiveInfinity,
        _ when text.SequenceEqual("-inf"u8) => double.NegativeInfinity,
        _ when text.SequenceEqual("nan"u8) || text.SequenceEqual("-nan"u8) => double.NaN,
        _ when text.IndexOfAnyExcept(InDoubles) < 0 && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
        _ => throw new RespException($"a double that is {Shown(text)}"),
    };

    private static long Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : throw new RespException($"a number that is {Shown(text)}");

    // −1 is RESP2's null, which Redis sends until it has been greeted.
    private RespValue? OpenBlob(RespKind kind, ReadOnlySpan<byte> length)
    {
        var announced = Number(length);
        if (announced == -1 && kind == RespKind.Text)
        {
            return RespValue.Null;
        }

        if (announced < 0)
        {
            throw new RespException($"a blob of {announced} bytes");
        }

        Count(announced);
        _blob = new Blob(kind, (int)announced);
        return null;
    }

    private void Count(long bytes)
    {
        _bytes += bytes;
        if (bytes > limits.Bytes || _bytes > limits.Bytes)
        {
            throw new RespException($"more than {limits.Bytes} bytes in one reply");
        }
    }

    private int TakeBlob(Blob blob, ReadOnlySpan<byte> bytes, out RespValue? value)
    {
        value = null;
        var taken = blob.Take(bytes);
        if (blob.IsWhole)
        {
            _blob = null;
            value = blob.ToValue();
        }

        return taken;
    }

    private RespValue? Open(RespKind? kind, ReadOnlySpan<byte> length, int each = 1)
    {
        var announced = Number(length);
        if (announced == -1 && kind == RespKind.Array)
        {
            return RespValue.Null;
        }

        if (announced < 0 || announced > limits.Items / each)
        {
            throw new RespException($"an aggregate of {announced}, where 0 to {limits.Items / each} are taken");
        }

        if (_open.Count >= limits.Depth)
        {
            throw new RespException($"values that lie more than {limits.Depth} deep");
        }

        var frame = new Frame(kind, (int)announced * each);
        if (frame.Missing > 0)
        {
            _open.Add(frame);
            return null;
        }

        return frame.ToValue();     // null for an empty attribute: it has said nothing
    }

    // Puts a value where it belongs, and whatever becomes whole by it; gives a reply.
    private RespValue? Place(RespValue value)
    {
        for (RespValue? whole = value; whole is not null;)
        {
            if (_open.Count == 0)
            {
                return whole;
            }

            var frame = _open[^1];
            frame.Items.Add(whole);
            if (frame.Missing > 0)
            {
                return null;
            }

            _open.RemoveAt(_open.Count - 1);
            whole = frame.ToValue();
        }

        return null;
    }

    // What others sent, fit for a log: its beginning, and nothing that is not printable ASCII.
    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        var shown = new char[Math.Min(bytes.Length, 24)];
        for (var i = 0; i < shown.Length; i++)
        {
            shown[i] = bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : '?';
        }

        return $"'{new string(shown)}'";
    }

    /// <summary>An aggregate that is being filled; of no kind: an attribute.</summary>
    private sealed class Frame(RespKind? kind, int count)
    {
        public List<RespValue> Items { get; } = new(Math.Min(count, 64));

        public int Missing => count - Items.Count;

        public RespValue? ToValue() => kind is { } known ? RespValue.OfItems(known, Items) : null;
    }

    /// <summary>A blob that is being filled, and the CR LF after it.</summary>
    private sealed class Blob(RespKind kind, int length)
    {
        private const int Step = 64 * 1024;
        private const int Format = 4;   // a verbatim string begins with its format: txt: or mkd:

        private byte[] _bytes = new byte[Math.Min(length, Step)];
        private int _have;
        private int _ends;

        public bool IsWhole => _ends == 2;

        public int Take(ReadOnlySpan<byte> bytes)
        {
            var taken = Math.Min(bytes.Length, length - _have);
            if (_have + taken > _bytes.Length)
            {
                Array.Resize(ref _bytes, (int)Math.Min(length, Math.Max(_bytes.Length * 2L, _have + taken)));
            }

            bytes[..taken].CopyTo(_bytes.AsSpan(_have));
            _have += taken;
            while (_have == length && _ends < 2 && taken < bytes.Length)
            {
                if (bytes[taken++] != (_ends++ == 0 ? Cr : Lf))
                {
                    throw new RespException("a blob that is not as long as it says");
                }
            }

            return taken;
        }

        public RespValue ToValue()
        {
            if (kind != RespKind.Verbatim)
            {
                return RespValue.OfBytes(kind, _bytes);
            }

            return length >= Format && _bytes[Format - 1] == (byte)':'
                ? RespValue.OfBytes(kind, _bytes.AsMemory(Format))
                : throw new RespException("a verbatim string without a format");
        }
    }
}
