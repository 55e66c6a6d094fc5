using System.Text;

namespace Argosy.Chassis.Redis.Resp;

/// <summary>The types of RESP3 (github.com/redis/redis-specifications, protocol/RESP3.md), without attributes, which are read and dropped.</summary>
internal enum RespKind
{
    Null,
    Text,       // a simple string or a blob: Redis uses both for the same things
    Error,
    Integer,
    Double,
    Boolean,
    BigNumber,
    Verbatim,
    Array,
    Set,
    Map,        // its items are key, value, key, value, …
    Push,
}

/// <summary>One value that Redis sent.</summary>
internal sealed class RespValue
{
    private RespValue(RespKind kind) => Kind = kind;

    public static RespValue Null { get; } = new(RespKind.Null);

    public RespKind Kind { get; }

    /// <summary>Of a text, error, big number (its digits) or verbatim string (without its format).</summary>
    public ReadOnlyMemory<byte> Bytes { get; private init; }

    /// <summary>Of an integer; of a boolean 0 or 1.</summary>
    public long Integer { get; private init; }

    public double Double { get; private init; }

    /// <summary>Of an array, set, map or push.</summary>
    public IReadOnlyList<RespValue> Items { get; private init; } = [];

    public bool IsNull => Kind == RespKind.Null;

    public static RespValue OfBytes(RespKind kind, ReadOnlyMemory<byte> bytes) => new(kind) { Bytes = bytes };

    public static RespValue OfInteger(long value) => new(RespKind.Integer) { Integer = value };

    public static RespValue OfBoolean(bool value) => new(RespKind.Boolean) { Integer = value ? 1 : 0 };

    public static RespValue OfDouble(double value) => new(RespKind.Double) { Double = value };

    public static RespValue OfItems(RespKind kind, IReadOnlyList<RespValue> items) => new(kind) { Items = items };

    /// <summary>The bytes as UTF-8.</summary>
    public string AsText() => Encoding.UTF8.GetString(Bytes.Span);

    public override string ToString() => Kind switch
    {
        RespKind.Null => "null",
        RespKind.Integer or RespKind.Boolean => $"{Kind} {Integer}",
        RespKind.Double => $"{Kind} {Double}",
        RespKind.Array or RespKind.Set or RespKind.Map or RespKind.Push => $"{Kind} [{string.Join(", ", Items)}]",
        _ => $"{Kind} {AsText()}",
    };
}
