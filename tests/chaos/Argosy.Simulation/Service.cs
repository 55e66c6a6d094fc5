using System.Reflection;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Simulation;

/// <summary>What one life of a service is made of, apart from the chassis: its handlers, its saga, its workers.</summary>
internal sealed record Parts(IReadOnlyList<object> Handlers, IReadOnlyList<Saga> Sagas, IReadOnlyList<BackgroundService> Workers);

/// <summary>
/// A service as its host would run it, in lives that come and go: the real inbox, lanes, parking, relays, sagas, deadlines and
/// cleaning-up around its real handlers. A background loop that ends takes the process down, and it is started again.
/// </summary>
internal sealed class Service(string name, Disk disk, World world, Func<IStore, TimeProvider, Life, Parts> make)
{
    private static readonly Func<BackgroundService, CancellationToken, Task> Execute = typeof(BackgroundService)
        .GetMethod("ExecuteAsync", BindingFlags.NonPublic | BindingFlags.Instance)!.CreateDelegate<Func<BackgroundService, CancellationToken, Task>>();

    private readonly List<TaskCompletionSource<HttpResponseMessage>> _lost = [];
    private readonly IReadOnlyList<Subscriber> _subscribers =
        [.. from subscriber in Catalog.Embedded.SubscribersOf(name)
            where World.Names.Contains(subscriber.Service, StringComparer.Ordinal)
            select new Subscriber(subscriber.Service, new Uri($"http://{subscriber.Service}"), subscriber.Types)];

    private int _lives;
    private Running? _running;

    public string Name => name;

    public Disk Disk => disk;

    /// <summary>How far its wall clock is off.</summary>
    public TimeSpan Skew { get; set; }

    public bool IsUp => _running is not null;

    public IReadOnlyList<Subscriber> Subscribers => _subscribers;

    public void Start()
    {
        var turns = world.Turns;
        var life = new Life(name, ++_lives, turns);
        var time = new SimulatedTime(life, turns, () => Skew);
        var store = world.Sabotage(name, new SimulatedStore(name, disk, turns, world.Faults, world.Misfortunes, world.Ledger));
        turns.Trace.Say(turns, name, $"begins life {_lives}");
        life.Run(_ => _running = Build(life, store, time), null);
        life.Begin(() => RunAsync(_running!, time), error =>
        {
            turns.Trace.Say(turns, name, $"fails: {error?.Message}");
            Kill(TimeSpan.FromSeconds(1));
        });
    }

    /// <summary>SIGKILL; it is back after a while.</summary>
    public void Kill(TimeSpan back)
    {
        if (_running is { } running)
        {
            running.Life.Kill();
            _running = null;
            world.Turns.Trace.Say(world.Turns, name, "is killed");
            world.Turns.In(back, $"{name} is started again", Start);
        }
    }

    /// <summary>Does something in the process as its HTTP endpoint would; nothing where nobody listens. Unanswered where it dies meanwhile.</summary>
    public void Ask(Func<IStore, TimeProvider, Task> work, Action<Exception?> ended)
    {
        if (_running is { } running)
        {
            running.Life.Begin(() => work(running.Store, running.Time), ended);
        }
        else
        {
            ended(new HttpRequestException("Connection refused."));
        }
    }

    /// <summary>A batch, or a single message of one without its positions, arrives; the word is null where all of it was taken.</summary>
    public void Receive(string sender, IReadOnlyList<Envelope> batch, BatchPositions? positions, Action<string?> answer)
    {
        if (_running is not { } running)
        {
            answer("connection refused");
            return;
        }

        running.Life.Begin(() => TakeAsync(running, sender, batch, positions), error => answer(error?.Message));
    }

    /// <summary>An answer that nobody will give; when all heals, connections break at last.</summary>
    public void Lost(TaskCompletionSource<HttpResponseMessage> answer) => _lost.Add(answer);

    public void Heal()
    {
        foreach (var answer in _lost)
        {
            answer.TrySetException(new HttpRequestException("The connection broke."));
        }

        _lost.Clear();
    }

    private Running Build(Life life, IStore store, SimulatedTime time)
    {
        var parts = make(store, time, life);
        var services = new Provided([store, .. parts.Handlers]);
        var sagas = new SagaRouter(parts.Sagas, NullLogger<SagaRouter>.Instance);
        var handlers = new HandlerTable();
        foreach (var handler in parts.Handlers)
        {
            handlers.AddClass(handler.GetType());
        }

        sagas.Register(handlers);
        var inbox = new Inbox(name, store, handlers, services, time, Chance(), NullLogger<Inbox>.Instance);
        return new Running(life, store, time, parts, new Admission(name, store, time), new Lanes(8), inbox, sagas);
    }

    // As BusEndpoint does, behind the tokens.
    private static async Task TakeAsync(Running running, string sender, IReadOnlyList<Envelope> batch, BatchPositions? positions)
    {
        if (positions is { } at && await running.Admission.AdmitAsync(sender, at, CancellationToken.None) is { } refusal)
        {
            throw new HttpRequestException(refusal.Detail);
        }

        await Task.WhenAll(batch.Select(envelope => running.Lanes.RunAsync(envelope.Key, c => running.Inbox.ReceiveAsync(envelope, c), CancellationToken.None)));
        if (positions is { } reached)
        {
            running.Admission.Advance(sender, reached);
        }
    }

    // As the host and BusRelays do. None of these ends by itself.
    private async Task RunAsync(Running running, SimulatedTime time)
    {
        var store = running.Store;
        await PushRelay.RegisterAsync(name, _subscribers, store, time, CancellationToken.None);
        using var http = new HttpMessageInvoker(new Wire(name, running.Life, world.Turns, world.Faults, world.Misfortunes, world.Find));
        IReadOnlyList<BackgroundService> workers =
        [
            new ParkedWorker(store, running.Inbox, running.Lanes, time, NullLogger<ParkedWorker>.Instance),
            new SagaDeadlines(store, running.Sagas, time, NullLogger<SagaDeadlines>.Instance),
            new Cleanup(name, store, [.. _subscribers.Select(subscriber => PushRelay.CursorName(subscriber.Name))], time, NullLogger<Cleanup>.Instance),
            .. running.Parts.Workers,
        ];
        var relays = _subscribers.Select(subscriber =>
            new PushRelay(name, subscriber, store, http, _ => "token", time, Chance(), NullLogger.Instance).RunAsync(CancellationToken.None));
        var loops = workers.Where(worker => worker is not SagaDeadlines || running.Parts.Sagas.Count > 0).Select(worker => Execute(worker, CancellationToken.None));
        await await Task.WhenAny([.. loops, .. relays]);
    }

    private Random Chance() => new(world.Turns.Chance.Next());

    private sealed record Running(Life Life, IStore Store, SimulatedTime Time, Parts Parts, Admission Admission, Lanes Lanes, Inbox Inbox, SagaRouter Sagas);

    private sealed class Provided(IReadOnlyList<object> all) : IServiceProvider
    {
        public object? GetService(Type serviceType) => all.FirstOrDefault(serviceType.IsInstanceOfType);
    }
}
