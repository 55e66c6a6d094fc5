using System.Net;
using System.Net.Sockets;

namespace Argosy.Cli.Processes;

/// <summary>
/// Ports of 127.0.0.1 that no other fleet or test is given, however many of them start at once: a port is free until somebody listens on
/// it, and that is seconds after it was chosen. So each process of this user that gives out ports has a block of them to itself. The
/// operating system lets go of the block when the process ends, however it ends.
/// </summary>
internal sealed class PortBlock : IDisposable
{
    // Below every system's range for outgoing connections: a port from that range could be lost to somebody's connection while its
    // process restarts, and a client that retries a dead one can even connect to itself.
    public const int First = 10_240;
    public const int End = 32_768;
    public const int Size = 256;

    private static readonly Lazy<PortBlock?> OfThisProcess = new(() => Take(Path.Combine(Path.GetTempPath(), $"argosy-ports-{Environment.UserName}")));

    private readonly Lock _gate = new();
    private readonly FileStream _held;
    private readonly int _first;
    private int _next;

    private PortBlock(FileStream held, int block) => (_held, _first) = (held, First + (block * Size));

    /// <summary>The first of its ports.</summary>
    public int FirstPort => _first;

    /// <summary>The next port on which nobody listens; null where there is none. One that was given comes again after all others.</summary>
    public static int? Next() => OfThisProcess.Value?.NextFree();

    /// <summary>A block that nobody has; null where there is none. Its locks are in this folder.</summary>
    public static PortBlock? Take(string folder)
    {
        Directory.CreateDirectory(folder);
        const int Blocks = (End - First) / Size;
        var start = Random.Shared.Next(Blocks);
        for (var i = 0; i < Blocks; i++)
        {
            var block = (start + i) % Blocks;
            try
            {
                return new PortBlock(new FileStream(Path.Combine(folder, $"{block}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), block);
            }
            catch (IOException)
            {
                // somebody's; the next one
            }
        }

        return null;
    }

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }

    /// <inheritdoc cref="Next" />
    public int? NextFree()
    {
        lock (_gate)
        {
            for (var i = 0; i < Size; i++)
            {
                var port = _first + _next;
                _next = (_next + 1) % Size;
                if (IsFree(port))
                {
                    return port;
                }
            }
        }

        return null;
    }

    public void Dispose() => _held.Dispose();
}
