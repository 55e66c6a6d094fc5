using System.Diagnostics.Metrics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// What waits in the database: messages for each subscriber, parked ones, sagas that have not ended. Read when somebody scrapes, at
/// most every other second, one reading at a time. Each count stops at <see cref="Limit"/>: a long queue must not make the question
/// for its length expensive, and an alarm needs no exact number.
/// </summary>
internal sealed partial class BacklogGauges : IScrapeReading
{
    private const int Limit = 10_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // Older than this a number is no news: rather none, which an alarm on absence notices.
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(2);

    private readonly IStore _store;
    private readonly SagaRouter _sagas;
    private readonly IBus? _bus;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private Task _flight = Task.CompletedTask;
    private Reading? _reading;
    private bool _failed;

    public BacklogGauges(IStore store, SagaRouter sagas, IServiceProvider services, IMeterFactory meters, TimeProvider time, ILogger<BacklogGauges> log)
    {
        (_store, _sagas, _bus, _time, _log) = (store, sagas, services.GetService<IBus>(), time, log);
        var meter = meters.Create("Argosy.Backlog");
        meter.CreateObservableGauge("argosy.bus.outbox.messages", () => Latest().Relays.Select(relay => Of(relay.Backlog.Messages, "argosy.bus.subscriber", relay.Name)), "{message}", "Messages that a subscriber has not acknowledged, counted up to 10,000.");
        meter.CreateObservableGauge("argosy.bus.outbox.lag", () => Latest().Relays.Select(relay => Of(relay.Lag, "argosy.bus.subscriber", relay.Name)), "s", "Age of the oldest message that a subscriber has not acknowledged.");
        meter.CreateObservableGauge("argosy.bus.parked.messages", () => ParkedNow(), "{message}", "Messages that wait for their time (scheduled), for another try (retry) or for an operator (dead), counted up to 10,000.");
        meter.CreateObservableGauge("argosy.sagas.open", () => SagasNow(), "{saga}", "Sagas that have not ended, counted up to 10,000; stuck ones need an operator.");
    }

    public async Task RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            await Refreshed().WaitAsync(Patience, _time, cancellation);
        }
        catch (TimeoutException)
        {
            // The scrape goes out with the last reading; the next one may find this one done.
        }
    }

    // An exporter that pushes does not ask first: it gets the last reading, and causes the next.
    private Reading Latest()
    {
        _ = Refreshed();
        var reading = Volatile.Read(ref _reading);
        return reading is null || _time.GetElapsedTime(reading.At) > Stale ? Reading.None : reading;
    }

    private Task Refreshed()
    {
        lock (_gate)
        {
            var fresh = Volatile.Read(ref _reading) is { } reading && _time.GetElapsedTime(reading.At) <= Fresh;
            return _flight.IsCompleted && !fresh ? _flight = ReadAsync() : _flight;
        }
    }

    private async Task ReadAsync()
    {
        await Task.Yield();     // out of the lock: SQLite answers on the caller's thread
        using var deadline = new CancellationTokenSource(Stale, _time);
        try
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var relays = new List<RelayReading>();
            foreach (var relay in _bus?.Relays ?? [])
            {
                var backlog = await relay.BacklogAsync(Limit, deadline.Token);
                relays.Add(new RelayReading(relay.Subscriber, backlog, backlog.Messages == 0 ? 0 : Math.Max(0, now - backlog.Oldest) / 1000.0));
            }

            var parked = await Parking.CountAsync(_store, Limit, deadline.Token);
            var sagas = new List<SagaReading>();
            foreach (var type in _sagas.Types)
            {
                sagas.Add(new SagaReading(type, await SagaRouter.CountOpenAsync(_store, type, Limit, deadline.Token)));
            }

            Volatile.Write(ref _reading, new Reading(_time.GetTimestamp(), relays, parked, sagas));
            _failed = false;
        }
        catch (Exception e)
        {
            if (!_failed)
            {
                _failed = true;
                LogFailed(e);
            }
        }
    }

    private IEnumerable<Measurement<long>> ParkedNow() => Latest().Parked is not { } parked ? [] :
    [
        Of(parked.Scheduled, "argosy.bus.state", ParkedState.Scheduled),
        Of(parked.Retry, "argosy.bus.state", ParkedState.Retry),
        Of(parked.Dead, "argosy.bus.state", ParkedState.Dead),
    ];

    private IEnumerable<Measurement<long>> SagasNow() => Latest().Sagas.SelectMany(saga => new[]
    {
        Of(saga, SagaState.Running, saga.Open.Running),
        Of(saga, SagaState.Compensating, saga.Open.Compensating),
        Of(saga, SagaState.Stuck, saga.Open.Stuck),
    });

    private static Measurement<long> Of(SagaReading saga, SagaState state, long count) =>
        new(count, new KeyValuePair<string, object?>("argosy.saga.type", saga.Type), new KeyValuePair<string, object?>("argosy.saga.state", state.ToText()));

    private static Measurement<T> Of<T>(T value, string key, string label) where T : struct => new(value, new KeyValuePair<string, object?>(key, label));

    private sealed record Reading(long At, IReadOnlyList<RelayReading> Relays, ParkedCounts? Parked, IReadOnlyList<SagaReading> Sagas)
    {
        public static Reading None { get; } = new(0, [], null, []);
    }

    private sealed record RelayReading(string Name, Backlog Backlog, double Lag);

    private sealed record SagaReading(string Type, OpenSagas Open);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What waits in the database cannot be counted; said once until it can be")]
    private partial void LogFailed(Exception error);
}
