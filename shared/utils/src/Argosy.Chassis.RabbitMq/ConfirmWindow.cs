using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>A message could not be delivered to anybody, though the catalogue says that somebody handles it.</summary>
internal sealed class UnroutableException(string message) : Exception(message);

/// <summary>
/// Messages on their way to the broker, in order, at most <see cref="Size"/> at a time; <see cref="Confirmed"/> follows the lowest
/// confirmed prefix. Confirms are counted here and not by the client, whose publishing would wait for each of them. A refused or
/// returned message, or the end of the channel, is the end of the window: a new one begins behind the last confirmed prefix.
/// </summary>
internal sealed class ConfirmWindow : IAsyncDisposable
{
    /// <summary>How many messages may be unconfirmed.</summary>
    public const int Size = 256;

    private readonly IChannel _channel;
    private readonly Lock _gate = new();
    private readonly Sent[] _sent = new Sent[Size];     // by delivery tag
    private ulong _first = 1;                           // the oldest that is not confirmed
    private ulong _next = 1;                            // what the next is called
    private Exception? _fault;

    private ConfirmWindow(IChannel channel, long position)
    {
        (_channel, Confirmed) = (channel, position);
        channel.BasicAcksAsync += (_, ack) => Settle(ack.DeliveryTag, ack.Multiple);
        channel.BasicNacksAsync += (_, nack) => Fail(new IOException($"The broker did not take message {nack.DeliveryTag} of the window."));
        channel.BasicReturnAsync += (_, returned) => Fail(new UnroutableException(
            $"No queue is bound for {returned.RoutingKey}, though the catalogue names a service that handles it: start that service, or mend its bindings."));
        channel.ChannelShutdownAsync += (_, reason) => Fail(new OperationInterruptedException(reason));
    }

    /// <summary>Set whenever something was confirmed, or the window has ended.</summary>
    public Signal Progress { get; } = new();

    /// <summary>Every message up to this position of the outbox is the broker's.</summary>
    public long Confirmed { get; private set; }

    /// <summary>How many messages are on their way.</summary>
    public int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return (int)(_next - _first);
            }
        }
    }

    public static async Task<ConfirmWindow> OpenAsync(IConnection connection, long position, CancellationToken cancellation) => new(
        await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), cancellation), position);

    /// <summary>Throws what ended the window, if it has ended.</summary>
    public void Check()
    {
        lock (_gate)
        {
            if (_fault is not null)
            {
                throw _fault;
            }
        }
    }

    /// <summary>Sends one message; there must be room. Returns when it is on its way, which says nothing of its arrival.</summary>
    public async Task SendAsync(Envelope envelope, long position, bool mandatory, CancellationToken cancellation)
    {
        var spans = new PublishSpans([envelope], BusTelemetry.RabbitMq, BusTelemetry.RabbitMq);
        lock (_gate)
        {
            if (_fault is not null)
            {
                throw _fault;       // what came after a message that was not taken would overtake it
            }

            _sent[_next++ % Size] = new Sent(position, spans);
        }

        var (properties, body) = Wire.Write(spans.Batch[0]);
        await _channel.BasicPublishAsync(Topology.Exchange, Topology.RoutingKey(envelope.Type, envelope.Key), mandatory, properties, body, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await Fail(new OperationCanceledException("The relay has ended."));
        await OwnChannel.CloseAsync(_channel, Task.CompletedTask, TimeProvider.System);
    }

    private Task Settle(ulong tag, bool multiple)
    {
        lock (_gate)
        {
            if (_fault is not null)
            {
                return Task.CompletedTask;      // the prefix ended at what was not taken, whatever else was
            }

            for (var settled = multiple ? _first : tag; settled <= tag; settled++)
            {
                _sent[settled % Size].Confirmed = true;
            }

            while (_first < _next && _sent[_first % Size] is { Confirmed: true } sent)
            {
                Confirmed = sent.Position;
                BusTelemetry.Acknowledged(sent.Spans.Batch, BusTelemetry.RabbitMq, BusTelemetry.RabbitMq);
                sent.Spans.Dispose();
                _first++;
            }
        }

        Progress.Set();
        return Task.CompletedTask;
    }

    private Task Fail(Exception fault)
    {
        lock (_gate)
        {
            if (_fault is null)
            {
                _fault = fault;
                for (; _first < _next; _first++)
                {
                    _sent[_first % Size].Spans.Failed(fault);
                    _sent[_first % Size].Spans.Dispose();
                }
            }
        }

        Progress.Set();
        return Task.CompletedTask;
    }

    private sealed class Sent(long position, PublishSpans spans)
    {
        public long Position { get; } = position;

        public PublishSpans Spans { get; } = spans;

        public bool Confirmed { get; set; }
    }
}
