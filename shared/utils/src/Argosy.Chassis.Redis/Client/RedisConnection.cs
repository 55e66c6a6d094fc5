using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Argosy.Chassis.Redis.Resp;

namespace Argosy.Chassis.Redis.Client;

/// <summary>
/// One connection, pipelined: commands go out without waiting for the answers to those before. The protocol:
/// <list type="number">
/// <item>A command takes one of the places in flight, or is refused.</item>
/// <item>The writer takes what waits, notes it as awaiting its answer, and then sends it, many commands in one packet.</item>
/// <item>Redis answers in the order of the commands: each reply is for the one that has waited longest.</item>
/// <item>Who gives up waiting only stops looking: the reply is still read and dropped, so that the order stands. A command that was not
/// sent yet never is.</item>
/// <item>A push is nobody's answer, and goes to the listener before anything that came after it.</item>
/// <item>Whatever goes wrong with the stream ends the connection, and everybody who waits is told.</item>
/// </list>
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int Packet = 64 * 1024;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly Action<RespValue> _push;
    private readonly int _limit;
    private readonly Channel<Request> _outgoing;
    private readonly ConcurrentQueue<Request> _awaiting = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _writing;
    private readonly Task _reading;
    private Exception? _fault;
    private int _inFlight;

    public RedisConnection(Stream stream, int inFlight, Action<RespValue> push, TimeProvider time)
    {
        (_stream, _limit, _push, _time) = (stream, inFlight, push, time);
        _outgoing = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });     // bounded by the places in flight
        _writing = UntilFaultAsync(WriteAsync);
        _reading = UntilFaultAsync(ReadAsync);
    }

    /// <summary>Ends with the connection; why, says <see cref="Fault"/>.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Why the connection has ended.</summary>
    public Exception? Fault => Volatile.Read(ref _fault);

    /// <summary>Sends, and waits for the answer; for a command that is not answered returns when it is on its way.</summary>
    /// <exception cref="RedisException">Refused, busy, or no answer in time.</exception>
    public async Task<RespValue> SendAsync(RedisCommand command, TimeSpan within, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var request = new Request(command);
        Enter(request);
        RespValue reply;
        try
        {
            reply = await request.Reply.WaitAsync(within, _time, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            request.Abandon();
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw new RedisUnavailableException($"Redis did not answer {command.Name} within {within.TotalMilliseconds:0} ms.");
        }

        return reply.Kind == RespKind.Error ? throw new RedisRefusedException(command.Name, reply.AsText()) : reply;
    }

    public async ValueTask DisposeAsync()
    {
        End(new RedisUnavailableException("The connection to Redis was closed."));
        await Task.WhenAll(_writing, _reading);
        _stop.Dispose();
    }

    private void Enter(Request request)
    {
        if (Interlocked.Increment(ref _inFlight) > _limit)
        {
            Interlocked.Decrement(ref _inFlight);
            throw new RedisBusyException(_limit);
        }

        if (!_outgoing.Writer.TryWrite(request))
        {
            Interlocked.Decrement(ref _inFlight);
            throw Gone();
        }
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        var packet = new ArrayBufferWriter<byte>(4096);
        while (await _outgoing.Reader.WaitToReadAsync(stop))
        {
            packet.ResetWrittenCount();
            while (packet.WrittenCount < Packet && _outgoing.Reader.TryRead(out var request))
            {
                Pack(request, packet);
            }

            await _stream.WriteAsync(packet.WrittenMemory, stop);
        }
    }

    private void Pack(Request request, ArrayBufferWriter<byte> packet)
    {
        if (request.IsAbandoned)
        {
            Interlocked.Decrement(ref _inFlight);
            return;
        }

        packet.Write(request.Command.Bytes.Span);
        if (request.Command.IsAnswered)
        {
            _awaiting.Enqueue(request);
        }
        else
        {
            Interlocked.Decrement(ref _inFlight);
            request.Answer(RespValue.Null);
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        var parser = new RespParser(new RespLimits());
        var buffer = new byte[Packet];
        while (true)
        {
            var count = await _stream.ReadAsync(buffer, stop);
            if (count == 0)
            {
                throw new IOException("Redis closed the connection");
            }

            var rest = buffer.AsMemory(0, count);
            while (parser.Read(rest.Span, out var taken) is { } value)
            {
                rest = rest[taken..];
                Deliver(value);
            }
        }
    }

    private void Deliver(RespValue value)
    {
        if (value.Kind == RespKind.Push)
        {
            _push(value);
            return;
        }

        if (!_awaiting.TryDequeue(out var request))
        {
            throw new RespException($"an answer that nobody asked for ({value.Kind})");
        }

        Interlocked.Decrement(ref _inFlight);
        request.Answer(value);
    }

    private async Task UntilFaultAsync(Func<CancellationToken, Task> run)
    {
        try
        {
            await run(_stop.Token);
        }
        catch (Exception e)
        {
            End(e);     // nothing is lost: everybody who waits gets it as the reason
        }
    }

    private void End(Exception fault)
    {
        if (Interlocked.CompareExchange(ref _fault, fault, null) is not null)
        {
            return;
        }

        _outgoing.Writer.Complete();
        _stop.Cancel();
        _stream.Dispose();
        while (_outgoing.Reader.TryRead(out var unsent))
        {
            unsent.Fail(Gone());
        }

        // The writer may still note some as awaiting; it has nothing to send them with, and their deadlines are short.
        while (_awaiting.TryDequeue(out var unanswered))
        {
            unanswered.Fail(Gone());
        }

        _ended.SetResult();
    }

    private RedisUnavailableException Gone() => Fault as RedisUnavailableException ?? new RedisUnavailableException($"The connection to Redis is lost: {Fault?.Message}.", Fault);

    /// <summary>A command and whoever waits for its answer.</summary>
    private sealed class Request(RedisCommand command)
    {
        private readonly TaskCompletionSource<RespValue> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _abandoned;

        public RedisCommand Command { get; } = command;

        public Task<RespValue> Reply => _reply.Task;

        public bool IsAbandoned => Volatile.Read(ref _abandoned);

        public void Abandon() => Volatile.Write(ref _abandoned, true);

        public void Answer(RespValue value) => _reply.TrySetResult(value);

        public void Fail(Exception error)
        {
            _reply.TrySetException(error);
            _ = _reply.Task.Exception;      // seen, also where nobody waits any more
        }
    }
}
