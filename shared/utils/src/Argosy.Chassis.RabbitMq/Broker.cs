using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// One part of a service's bus on a connection of its own: a broker that blocks publishers must not keep consumers from acknowledging.
/// The client's own recovery is off, so that what happens after a loss is ours to say. The protocol:
/// <list type="number">
/// <item>Connect, and run the session; it ends only by an exception, or by cancellation when the connection is lost.</item>
/// <item>Say farewell to the broker, at most for 4 s, and cut the connection: what the client still waits for, nobody here does.</item>
/// <item>Whatever ended it: say why, once for each cause; wait, with backoff and jitter, at most 15 s; begin again from nothing.</item>
/// <item>A session that has done some work begins the backoff anew.</item>
/// </list>
/// </summary>
internal sealed partial class Broker(string part, string service, RabbitUrl url, TimeProvider time, Random random, ILogger log)
{
    private const int MaxCauses = 16;
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FarewellWithin = TimeSpan.FromSeconds(2);

    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private volatile string? _fault = "not connected yet";
    private volatile bool _worked;

    /// <summary>Why the part does not work, or null.</summary>
    public string? Fault => _fault;

    /// <summary>The session has all that it needs.</summary>
    public void Up()
    {
        _fault = null;
        LogConnected(part, url);
    }

    /// <summary>The session has done some of what it is for.</summary>
    public void Worked() => _worked = true;

    /// <summary>Runs sessions, one after the other, until it is cancelled.</summary>
    public async Task RunAsync(Func<IConnection, CancellationToken, Task> session, CancellationToken cancellation)
    {
        for (var failures = 0; !cancellation.IsCancellationRequested; failures++)
        {
            _worked = false;
            var fault = await RunOnceAsync(session, cancellation);
            if (_worked)
            {
                failures = 0;
                _said.Clear();
            }

            if (!cancellation.IsCancellationRequested)
            {
                Say(fault);
                await Task.Delay(Pause(failures), time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<Exception> RunOnceAsync(Func<IConnection, CancellationToken, Task> session, CancellationToken cancellation)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        IConnection? connection = null;
        using var cut = new SocketCut();
        try
        {
            connection = await ConnectAsync(cut, cancellation);
            connection.ConnectionShutdownAsync += (_, _) => lost.CancelAsync();
            await session(connection, lost.Token);
            return new InvalidOperationException("It ended without being told to.");
        }
        catch (Exception e)
        {
            // Boundary: whatever it was, messages wait where they are, and the next session begins from the cursor and the queues.
            return e is OperationCanceledException && connection?.CloseReason is { } reason ? new OperationInterruptedException(reason) : e;
        }
        finally
        {
            await FarewellAsync(connection);
        }
    }

    private async Task<IConnection> ConnectAsync(SocketCut cut, CancellationToken cancellation)
    {
        var factory = new ConnectionFactory
        {
            HostName = url.Host,
            Port = url.Port,
            UserName = url.User,
            Password = url.Password,
            VirtualHost = url.VirtualHost,
            Ssl = new SslOption { Enabled = url.Tls, ServerName = url.Host },
            ClientProvidedName = $"{service} {part}",
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = ConnectWithin,
            HandshakeContinuationTimeout = ConnectWithin,
            ContinuationTimeout = ConnectWithin,
            SocketFactory = cut.Open,
        };
        return await factory.CreateConnectionAsync(cancellation);
    }

    private async Task FarewellAsync(IConnection? connection)
    {
        if (connection is not null)
        {
            await AbortAsync(connection).WaitAsync(2 * FarewellWithin, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        static async Task AbortAsync(IConnection connection)
        {
            await connection.AbortAsync(FarewellWithin);
            await connection.DisposeAsync();
        }
    }

    private void Say(Exception fault)
    {
        var cause = BrokerFault.Describe(fault, url, service);
        _fault = "the broker is away";
        if (_said.Count < MaxCauses && _said.Add(cause))
        {
            LogAway(part, cause);
        }
    }

    private TimeSpan Pause(int failures)
    {
        var full = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10)));
        return TimeSpan.FromMilliseconds((full / 2) + (random.NextDouble() * full / 2));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The {Part} is connected to {Broker}")]
    private partial void LogConnected(string part, RabbitUrl broker);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The {Part} is interrupted; messages wait, and it is tried again: {Cause}")]
    private partial void LogAway(string part, string cause);
}
