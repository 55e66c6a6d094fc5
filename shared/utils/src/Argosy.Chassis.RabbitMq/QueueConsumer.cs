using System.Threading.Channels;
using Argosy.Chassis.Store;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// Takes one queue's messages, on a channel of its own. The protocol:
/// <list type="number">
/// <item>At most <see cref="Prefetch"/> messages are here at a time; they are taken in the order in which they come.</item>
/// <item>Each is acknowledged by itself once it is committed or parked, never before, and only on the channel that it came on.</item>
/// <item>To stop: take no more, let what is under way end and be acknowledged, then close the channel. Only then does the broker give
/// the queue to somebody else, and what was not taken comes to them in its order. A mere <c>basic.cancel</c> would let them begin behind
/// messages that are still under way here.</item>
/// </list>
/// </summary>
internal sealed class QueueConsumer : AsyncDefaultBasicConsumer, IAsyncDisposable
{
    /// <summary>Messages that may be under way from one queue.</summary>
    public const ushort Prefetch = 64;

    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(5);

    // For a handler that doesn't heed its token: its message comes to somebody else first, and the inbox knows which of the two was in.
    private static readonly TimeSpan GiveUpAfter = 2 * EndWithin;

    private readonly Func<Delivery, CancellationToken, Task> _take;
    private readonly Action _worked;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _work = new();
    private readonly Channel<ulong> _done = System.Threading.Channels.Channel.CreateBounded<ulong>(new BoundedChannelOptions(Prefetch) { SingleReader = true });
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _acknowledging;
    private int _underWay = 1;      // the one is our own, given back when stopping
    private volatile bool _stopping;

    private QueueConsumer(IChannel channel, string queue, Func<Delivery, CancellationToken, Task> take, Action worked, TimeProvider time)
        : base(channel)
    {
        (Queue, _take, _worked, _time) = (queue, take, worked, time);
        channel.ChannelShutdownAsync += (_, reason) =>
        {
            _broken.TrySetException(new OperationInterruptedException(reason));
            return Task.CompletedTask;
        };
        _acknowledging = AcknowledgeAsync();
    }

    public string Queue { get; }

    /// <summary>Fails when the channel is lost, or a message met something that is no fault of its own.</summary>
    public Task Broken => _broken.Task;

    public static async Task<QueueConsumer> StartAsync(
        IConnection connection, string queue, Func<Delivery, CancellationToken, Task> take, Action worked, TimeProvider time, CancellationToken cancellation)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var consumer = new QueueConsumer(channel, queue, take, worked, time);
        try
        {
            await channel.BasicQosAsync(0, Prefetch, global: false, cancellation);
            await channel.BasicConsumeAsync(queue, autoAck: false, consumer, cancellation);
            return consumer;
        }
        catch
        {
            await consumer.DisposeAsync();
            throw;
        }
    }

    public override Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _underWay);
        if (_stopping)
        {
            Leave();        // it goes back to its place when the channel closes
            return Task.CompletedTask;
        }

        // Into its lane before the next one is looked at; what it comes to is waited for elsewhere.
        _ = FinishAsync(deliveryTag, Take(routingKey, properties, body.Span));
        return Task.CompletedTask;
    }

    /// <summary>The queue was deleted, or moved to where its leader is.</summary>
    protected override Task OnCancelAsync(string[] consumerTags, CancellationToken cancellationToken = default)
    {
        _broken.TrySetException(new IOException($"The broker ended the consumption of {Queue}."));
        return base.OnCancelAsync(consumerTags, cancellationToken);
    }

    /// <summary>Stops as the protocol says. What does not end soon is given up; it comes again.</summary>
    /// <exception cref="TimeoutException">The channel isn't closed: the broker gives the queue to nobody else until the connection has ended.</exception>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        Leave();
        _work.CancelAfter(EndWithin);
        await _idle.Task.WaitAsync(GiveUpAfter, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _done.Writer.TryComplete();
        await OwnChannel.CloseAsync(Channel, _acknowledging, _time);
        _work.Dispose();
    }

    // What is thrown before there is a task ends as that task: whoever stops waits for all that are under way.
    private Task Take(string routingKey, IReadOnlyBasicProperties properties, ReadOnlySpan<byte> body)
    {
        try
        {
            return _take(Wire.Read(routingKey, properties, body, _time.GetUtcNow()), _work.Token);
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    private async Task FinishAsync(ulong tag, Task taken)
    {
        try
        {
            await taken;
            _done.Writer.TryWrite(tag);
        }
        catch (OperationCanceledException)
        {
            // Given up: it comes again.
        }
        catch (Exception e)
        {
            // Neither committed nor parked, and not because the database is away: all that is unacknowledged comes again, in its order.
            _broken.TrySetException(e);
        }
        finally
        {
            Leave();
        }
    }

    private async Task AcknowledgeAsync()
    {
        try
        {
            await foreach (var tag in _done.Reader.ReadAllAsync())
            {
                Failpoints.Hit("ack.before");
                await Channel.BasicAckAsync(tag, multiple: false);
                Failpoints.Hit("ack.after");
                _worked();
            }
        }
        catch (Exception e)
        {
            _broken.TrySetException(e);     // boundary: the channel is gone, and with it the right to acknowledge
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _underWay) == 0)
        {
            _idle.TrySetResult();
        }
    }
}
