using System.Globalization;
using System.Text;
using Argosy.Chassis.Redis.Resp;

namespace Argosy.Chassis.Tests.Redis;

/// <summary>RESP3 as a server writes it, from its specification and without a line of the parser.</summary>
internal static class Resp3Writer
{
    public static byte[] Write(RespValue value)
    {
        using var bytes = new MemoryStream();
        Write(bytes, value);
        return bytes.ToArray();
    }

    private static void Write(MemoryStream to, RespValue value)
    {
        switch (value.Kind)
        {
            case RespKind.Null: Line(to, "_"); break;
            case RespKind.Integer: Line(to, $":{value.Integer}"); break;
            case RespKind.Boolean: Line(to, value.Integer == 1 ? "#t" : "#f"); break;
            case RespKind.Double: Line(to, $",{DoubleOf(value.Double)}"); break;
            case RespKind.BigNumber: Line(to, $"({value.AsText()}"); break;
            case RespKind.Text when IsLine(value): Line(to, $"+{value.AsText()}"); break;
            case RespKind.Text: Blob(to, '$', value.Bytes.Span); break;
            case RespKind.Error when IsLine(value): Line(to, $"-{value.AsText()}"); break;
            case RespKind.Error: Blob(to, '!', value.Bytes.Span); break;
            case RespKind.Verbatim: Blob(to, '=', [.. "txt:"u8, .. value.Bytes.Span]); break;
            case RespKind.Array: Items(to, $"*{value.Items.Count}", value); break;
            case RespKind.Set: Items(to, $"~{value.Items.Count}", value); break;
            case RespKind.Push: Items(to, $">{value.Items.Count}", value); break;
            case RespKind.Map: Items(to, $"%{value.Items.Count / 2}", value); break;
            default: throw new ArgumentOutOfRangeException(nameof(value));
        }
    }

    // Half of the texts as simple strings, where they can be one.
    private static bool IsLine(RespValue value) => value.Bytes.Length % 2 == 0 && value.Bytes.Span.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7e) < 0;

    private static string DoubleOf(double value) => double.IsPositiveInfinity(value) ? "inf" : double.IsNegativeInfinity(value) ? "-inf" : double.IsNaN(value) ? "nan"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static void Items(MemoryStream to, string line, RespValue value)
    {
        Line(to, line);
        foreach (var item in value.Items)
        {
            Write(to, item);
        }
    }

    private static void Blob(MemoryStream to, char type, ReadOnlySpan<byte> bytes)
    {
        Line(to, $"{type}{bytes.Length}");
        to.Write(bytes);
        to.Write("\r\n"u8);
    }

    private static void Line(MemoryStream to, string text) => to.Write(Encoding.UTF8.GetBytes(text + "\r\n"));
}
