using System.Buffers.Text;
using System.Text;

namespace Argosy.Chassis.Redis.Resp;

/// <summary>A command as it goes over the wire: an array of blobs.</summary>
internal sealed class RedisCommand
{
    private RedisCommand(string name, byte[] bytes, bool isAnswered) => (Name, Bytes, IsAnswered) = (name, bytes, isAnswered);

    /// <summary>What may be said about it in an error: never an argument.</summary>
    public string Name { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>False for what is answered by pushes only: SUBSCRIBE.</summary>
    public bool IsAnswered { get; }

    public static RedisCommand Of(string name, params ReadOnlySpan<RedisArgument> arguments) => new(name, Encode(name, arguments), isAnswered: true);

    public static RedisCommand Unanswered(string name, params ReadOnlySpan<RedisArgument> arguments) => new(name, Encode(name, arguments), isAnswered: false);

    private static byte[] Encode(string name, ReadOnlySpan<RedisArgument> arguments)
    {
        RedisArgument first = name;
        var size = 16 + first.Size;
        foreach (var argument in arguments)
        {
            size += argument.Size;
        }

        var bytes = new byte[size];
        var at = Header(bytes, '*', arguments.Length + 1);
        at += first.Write(bytes.AsSpan(at));
        foreach (var argument in arguments)
        {
            at += argument.Write(bytes.AsSpan(at));
        }

        return at == bytes.Length ? bytes : bytes[..at];
    }

    internal static int Header(Span<byte> bytes, char type, int count)
    {
        bytes[0] = (byte)type;
        Utf8Formatter.TryFormat(count, bytes[1..], out var written);
        "\r\n"u8.CopyTo(bytes[(1 + written)..]);
        return written + 3;
    }
}

/// <summary>An argument of a command: text as UTF-8, a number in digits, or bytes as they are.</summary>
internal readonly struct RedisArgument
{
    private readonly ReadOnlyMemory<byte> _bytes;

    private RedisArgument(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    /// <summary>At most so many bytes on the wire.</summary>
    public int Size => _bytes.Length + 16;

    public static implicit operator RedisArgument(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator RedisArgument(long number) => $"{number}";

    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) => new(bytes);

    public int Write(Span<byte> target)
    {
        var at = RedisCommand.Header(target, '$', _bytes.Length);
        _bytes.Span.CopyTo(target[at..]);
        at += _bytes.Length;
        "\r\n"u8.CopyTo(target[at..]);
        return at + 2;
    }
}
