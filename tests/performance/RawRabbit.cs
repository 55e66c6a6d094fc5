using System.Diagnostics;
using Argosy.Chassis.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Argosy.Performance;

/// <summary>
/// RabbitMQ's client alone, used as the bus uses it: persistent messages, as many unconfirmed ahead, one quorum queue, a consumer that
/// acknowledges each by itself. What the bus does besides, outbox, inbox and order, is what it costs against this.
/// </summary>
internal sealed class RawRabbit : IAsyncDisposable
{
    private const string Queue = "raw";
    private static readonly TimeSpan CarriedWithin = TimeSpan.FromMinutes(3);

    private readonly IConnection[] _connections;
    private readonly IChannel _publishing;
    private readonly IChannel _consuming;
    private readonly SemaphoreSlim _room = new(ConfirmWindow.Size, ConfirmWindow.Size);
    private readonly bool[] _confirmed = new bool[ConfirmWindow.Size];      // by delivery tag
    private ulong _first = 1;       // the oldest that is not confirmed
    private int _missing;
    private TaskCompletionSource _taken = new();

    private RawRabbit(IConnection[] connections, IChannel publishing, IChannel consuming)
    {
        (_connections, _publishing, _consuming) = (connections, publishing, consuming);
        publishing.BasicAcksAsync += (_, ack) => Settle(ack.DeliveryTag, ack.Multiple);
    }

    public static async Task<RawRabbit> OpenAsync(Uri address, CancellationToken cancellation)
    {
        var factory = new ConnectionFactory { Uri = address, AutomaticRecoveryEnabled = false };
        IConnection[] connections = [await factory.CreateConnectionAsync(cancellation), await factory.CreateConnectionAsync(cancellation)];
        var raw = new RawRabbit(
            connections,
            await connections[0].CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), cancellation),
            await connections[1].CreateChannelAsync(cancellationToken: cancellation));
        await raw.ConsumeAsync(cancellation);
        return raw;
    }

    /// <summary>Messages per second, from the first publishing to the last acknowledgement.</summary>
    public async Task<double> CarryAsync(int messages, BasicProperties properties, byte[] body, CancellationToken cancellation)
    {
        (_missing, _taken) = (messages, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < messages; i++)
        {
            if (!await _room.WaitAsync(CarriedWithin, cancellation))
            {
                throw new TimeoutException($"The broker has confirmed nothing for {CarriedWithin.TotalMinutes:N0} minutes.");
            }

            await _publishing.BasicPublishAsync("", Queue, mandatory: true, properties, body, cancellation);
        }

        await _taken.Task.WaitAsync(CarriedWithin, cancellation);
        return messages / clock.Elapsed.TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _publishing.DisposeAsync();
        await _consuming.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _room.Dispose();
    }

    private async Task ConsumeAsync(CancellationToken cancellation)
    {
        await _consuming.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "quorum" }, cancellationToken: cancellation);
        await _consuming.BasicQosAsync(0, QueueConsumer.Prefetch, global: false, cancellation);
        var consumer = new AsyncEventingBasicConsumer(_consuming);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            await _consuming.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            if (--_missing == 0)
            {
                _taken.SetResult();
            }
        };
        await _consuming.BasicConsumeAsync(Queue, autoAck: false, consumer, cancellation);
    }

    // Confirms come in any order; the window moves with the oldest, as the bus's does.
    private Task Settle(ulong tag, bool multiple)
    {
        for (var settled = multiple ? _first : tag; settled <= tag; settled++)
        {
            _confirmed[settled % ConfirmWindow.Size] = true;
        }

        var before = _first;
        for (; _confirmed[_first % ConfirmWindow.Size]; _first++)
        {
            _confirmed[_first % ConfirmWindow.Size] = false;
        }

        if (_first > before)
        {
            _room.Release((int)(_first - before));
        }

        return Task.CompletedTask;
    }
}
