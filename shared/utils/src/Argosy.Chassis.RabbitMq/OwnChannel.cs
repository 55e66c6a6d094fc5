using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// A channel and its end. The client waits for its own parts to end, and where one of them doesn't, for ever
/// (https://github.com/rabbitmq/rabbitmq-dotnet-client/issues/1751 and 1757); nobody here does.
/// </summary>
internal sealed class OwnChannel(IChannel channel) : IAsyncDisposable
{
    // The broker has 10 s for its answer (ContinuationTimeout).
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromSeconds(15);

    public IChannel Channel => channel;

    public static async Task<OwnChannel> OpenAsync(IConnection connection, CancellationToken cancellation) =>
        new(await connection.CreateChannelAsync(cancellationToken: cancellation));

    /// <summary>Closes it.</summary>
    /// <exception cref="TimeoutException">It isn't closed, and the broker takes it for one that is used: the connection has to end.</exception>
    public ValueTask DisposeAsync() => new(CloseAsync(channel, Task.CompletedTask, TimeProvider.System));

    /// <summary>The same, once <paramref name="before"/> has ended, which counts.</summary>
    /// <exception cref="TimeoutException">As above.</exception>
    public static async Task CloseAsync(IChannel channel, Task before, TimeProvider time)
    {
        try
        {
            await EndAsync().WaitAsync(ClosesWithin, time);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"A channel isn't closed after {ClosesWithin.TotalSeconds:0} s.", e);
        }

        async Task EndAsync()
        {
            await before;
            await channel.DisposeAsync();
        }
    }
}
