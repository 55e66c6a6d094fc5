using System.Reflection;
using Argosy.Chassis.RabbitMq;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>What counts as confirmed, whatever order the broker's words come in; said by hand, since a real one can't be told when to speak.</summary>
public sealed class ConfirmWindowTests
{
    [Fact]
    public async Task The_lowest_prefix_that_is_confirmed_counts()
    {
        var (window, broker) = await OpenAsync();
        await SendAsync(window, 1, 2, 3);

        await broker.AckAsync(2);
        window.Confirmed.ShouldBe(0);
        await broker.AckAsync(1);
        window.Confirmed.ShouldBe(2);
        await broker.AckAsync(3);
        window.Confirmed.ShouldBe(3);
        window.Outstanding.ShouldBe(0);
    }

    [Fact]
    public async Task Nothing_counts_or_is_sent_behind_a_message_that_no_queue_took()
    {
        var (window, broker) = await OpenAsync();
        await SendAsync(window, 1, 2, 3);
        await broker.AckAsync(1);

        await broker.ReturnAsync();     // of the second; its ack follows, as the protocol has it
        await broker.AckAsync(2);
        await Should.ThrowAsync<UnroutableException>(() => SendAsync(window, 4));
        await broker.AckAsync(4, multiple: true);

        window.Confirmed.ShouldBe(1);
        Should.Throw<UnroutableException>(window.Check);
    }

    private static async Task<(ConfirmWindow Window, Broker Broker)> OpenAsync()
    {
        var connection = DispatchProxy.Create<IConnection, Broker>();
        var broker = (Broker)(object)connection;
        return (await ConfirmWindow.OpenAsync(connection, 0, CancellationToken.None), broker.Channel);
    }

    private static async Task SendAsync(ConfirmWindow window, params int[] positions)
    {
        foreach (var position in positions)
        {
            await window.SendAsync(BusPeer.Wrap(BusWorld.Sender, new StockReserved { OrderId = $"order-{position}" }), position, mandatory: true, CancellationToken.None);
        }
    }

    /// <summary>A connection and its one channel, which take everything and say what they are told to say.</summary>
    public class Broker : DispatchProxy
    {
        private readonly Dictionary<string, Delegate> _handlers = new(StringComparer.Ordinal);
        private IChannel? _channel;

        internal Broker Channel => (Broker)(object)_channel!;

        internal Task AckAsync(ulong tag, bool multiple = false) => SayAsync("BasicAcksAsync", new BasicAckEventArgs(tag, multiple));

        internal Task ReturnAsync() => SayAsync("BasicReturnAsync", new BasicReturnEventArgs(312, "NO_ROUTE", Topology.Exchange, "some.0", new BasicProperties(), ReadOnlyMemory<byte>.Empty));

        /// <inheritdoc/>
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name.StartsWith("add_", StringComparison.Ordinal))
            {
                _handlers[targetMethod.Name["add_".Length..]] = (Delegate)args![0]!;
                return null;
            }

            return targetMethod.Name switch
            {
                nameof(IConnection.CreateChannelAsync) => Task.FromResult(_channel = Create<IChannel, Broker>()),
                _ when targetMethod.ReturnType == typeof(Task) => Task.CompletedTask,
                _ when targetMethod.ReturnType == typeof(ValueTask) => default(ValueTask),
                _ => throw new NotSupportedException($"{targetMethod.Name} is not expected here."),
            };
        }

        private Task SayAsync<T>(string name, T said) where T : AsyncEventArgs => ((AsyncEventHandler<T>)_handlers[name])(this, said);
    }
}
