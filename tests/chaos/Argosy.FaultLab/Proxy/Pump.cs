using System.Net.Sockets;
using System.Threading.Channels;

namespace Argosy.FaultLab.Proxy;

/// <summary>
/// Carries one direction of a connection:
/// <list type="number">
/// <item>Read what has come and note when it is due, in order; at most <see cref="MostWaiting"/> pieces wait, then nothing more is read.</item>
/// <item>When it is due, and the link isn't silent, write it, as slowly as the link is.</item>
/// <item>An end that was read is written as an end; the other direction goes on.</item>
/// </list>
/// </summary>
internal sealed class Pump(Socket from, Socket to, Func<TcpProxy.Sky> sky, Func<Weather, Flow> direction, Action delayed)
{
    private const int PieceSize = 16 * 1024;
    private const int MostWaiting = 16;
    private const int SlicesPerSecond = 50;

    private readonly Channel<Piece> _waiting = Channel.CreateBounded<Piece>(MostWaiting);
    private readonly CancellationTokenSource _ended = new();
    private Task? _running;

    /// <summary>The same run, however often it is asked for.</summary>
    public Task RunAsync(CancellationToken ct) => _running ??= CarryAsync(ct);

    /// <summary>As if the sender had ended here; what it still sends is read and forgotten.</summary>
    public void End() => _ended.Cancel();

    private async Task CarryAsync(CancellationToken ct)
    {
        var reading = ReadAsync(ct);
        var writing = WriteAsync(ct);
        await await Task.WhenAny(reading, writing);
        await Task.WhenAll(reading, writing);
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        var buffer = new byte[PieceSize];
        var due = 0L;
        while (true)
        {
            var length = await from.ReceiveAsync(buffer, ct);
            var flow = direction(sky().Weather);
            var delay = flow.Latency + (flow.Jitter * Random.Shared.NextDouble());
            if (delay > TimeSpan.Zero)
            {
                delayed();
            }

            due = Math.Max(due, Environment.TickCount64 + (long)delay.TotalMilliseconds);
            if (!_ended.IsCancellationRequested)
            {
                await _waiting.Writer.WriteAsync(new Piece(due, buffer.AsSpan(0, length).ToArray()), ct);
            }

            if (length == 0)
            {
                return;
            }
        }
    }

    private async Task WriteAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        try
        {
            for (var open = true; open;)
            {
                var piece = await _waiting.Reader.ReadAsync(either.Token);
                if (piece.Due - Environment.TickCount64 is > 0 and var early)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(early), either.Token);
                }

                await WriteAsync(piece.Bytes, either.Token);
                open = piece.Bytes.Length > 0;
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // ended by us: nothing more is written, and whoever waits to be written is let go
            while (_waiting.Reader.TryRead(out _))
            {
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        var rest = bytes;
        while (true)
        {
            var now = sky();
            var flow = direction(now.Weather);
            if (flow.IsSilent)
            {
                await now.Changes.Task.WaitAsync(ct);
                continue;
            }

            var slice = flow.BytesPerSecond is { } rate ? rest[..Math.Min(rest.Length, Math.Max(1, rate / SlicesPerSecond))] : rest;
            for (var unsent = slice; unsent.Length > 0;)
            {
                unsent = unsent[await to.SendAsync(unsent, ct)..];
            }

            rest = rest[slice.Length..];
            if (flow.BytesPerSecond is { } pace)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)slice.Length / pace), ct);
            }

            if (rest.Length == 0)
            {
                return;
            }
        }
    }

    /// <param name="Due">In milliseconds of this machine's run.</param>
    /// <param name="Bytes">None: the end.</param>
    private sealed record Piece(long Due, byte[] Bytes);
}
