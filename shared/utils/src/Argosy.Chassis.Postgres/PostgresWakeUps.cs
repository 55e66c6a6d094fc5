using System.Threading.Channels;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>
/// Tells other instances that there is something to do, and hears it from them. Only a hint: whoever sleeps looks once a second
/// anyway. The protocol:
/// <list type="number">
/// <item>A commit leaves a mark. One loop takes the marks and sends one <c>NOTIFY</c> for all of them, at most every 10 ms, outside of any
/// transaction that changes something: PostgreSQL lets one transaction at a time commit a notification.</item>
/// <item>Another holds a connection that listens, and sets the signals. Its own process's word it ignores.</item>
/// <item>A lost connection is made again, with backoff; then all signals are set once, for what was said meanwhile.</item>
/// </list>
/// </summary>
internal sealed partial class PostgresWakeUps : IAsyncDisposable
{
    private const int PublishedMark = 1;
    private const int ParkedMark = 2;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly string _channel;
    private readonly string _self = Guid.CreateVersion7().ToString("N");
    private readonly string _telling;
    private readonly string _listening;
    private readonly Signal _published;
    private readonly Signal _parked;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _marked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private bool _started;
    private int _marks;

    public PostgresWakeUps(PostgresAddress address, string application, Signal published, Signal parked, TimeProvider time, ILogger log)
    {
        (_published, _parked, _time, _log) = (published, parked, time, log);
        _channel = $"argosy_{address.Schema}";
        _telling = address.ConnectionString($"{application} notify", connection =>
        {
            connection.Pooling = false;
            connection.CommandTimeout = 10;
            connection.Options = "-c synchronous_commit=off";      // a hint need not reach the disk
        });
        _listening = address.ConnectionString($"{application} listen", connection =>
        {
            connection.Pooling = false;
            connection.CommandTimeout = 10;
            connection.KeepAlive = 10;      // a connection that died silently is noticed
        });
    }

    /// <summary>Begins, at the first call; before it marks are kept.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (!_started && !_stop.IsCancellationRequested)
            {
                _started = true;
                _running = Task.WhenAll(Task.Run(() => AgainAsync(TellAsync, _stop.Token)), Task.Run(() => AgainAsync(ListenAsync, _stop.Token)));
            }
        }
    }

    /// <summary>A commit published, or parked, something.</summary>
    public void Tell(bool published, bool parked)
    {
        var marks = (published ? PublishedMark : 0) | (parked ? ParkedMark : 0);
        if (marks != 0)
        {
            Interlocked.Or(ref _marks, marks);
            _marked.Writer.TryWrite(true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _stop.Dispose();
    }

    // Makes the connection again for as long as it is wanted; an outage is said once.
    private async Task AgainAsync(Func<Action, CancellationToken, Task> work, CancellationToken stopping)
    {
        for (var failures = 0; !stopping.IsCancellationRequested; failures++)
        {
            try
            {
                await work(() => failures = 0, stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                if (failures == 0)
                {
                    LogLost(_log, e.Message);
                }
            }

            var full = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10)));
            await Task.Delay(TimeSpan.FromMilliseconds((full / 2) + (Random.Shared.NextDouble() * full / 2)), _time, stopping);
        }
    }

    private async Task TellAsync(Action connected, CancellationToken stopping)
    {
        await using var connection = new NpgsqlConnection(_telling);
        await connection.OpenAsync(stopping);
        connected();
        await using var notify = new NpgsqlCommand("select pg_notify($1, $2)", connection) { Parameters = { new() { Value = _channel }, new() { Value = "" } } };
        while (await _marked.Reader.WaitToReadAsync(stopping))
        {
            _marked.Reader.TryRead(out _);
            notify.Parameters[1].Value = $"{Interlocked.Exchange(ref _marks, 0)} {_self}";
            await notify.ExecuteNonQueryAsync(stopping);
            await Task.Delay(Between, _time, stopping);
        }
    }

    private async Task ListenAsync(Action connected, CancellationToken stopping)
    {
        await using var connection = new NpgsqlConnection(_listening);
        connection.Notification += (_, said) => Hear(said.Payload);
        await connection.OpenAsync(stopping);
        await using (var listen = new NpgsqlCommand($"listen \"{_channel}\"", connection))
        {
            await listen.ExecuteNonQueryAsync(stopping);
        }

        connected();
        Wake(PublishedMark | ParkedMark);
        while (true)
        {
            await connection.WaitAsync(stopping);
        }
    }

    private void Hear(string said)
    {
        if (said.Split(' ') is [[var marks], var who] && who != _self)
        {
            Wake(marks - '0');
        }
    }

    private void Wake(int marks)
    {
        if ((marks & PublishedMark) != 0)
        {
            _published.Set();
        }

        if ((marks & ParkedMark) != 0)
        {
            _parked.Set();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Wake-ups between instances are lost until the database is back; every second is looked anyway: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
