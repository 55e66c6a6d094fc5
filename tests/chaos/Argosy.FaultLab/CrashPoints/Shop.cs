using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Argosy.Checker.History;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;
using Argosy.Cli.Processes;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>The clients of a fleet: they ask until they are answered, follow what they asked for to its end, and write down what they are told.</summary>
internal sealed class Shop : IDisposable
{
    private const int Plenty = 100_000;
    private const int TooMany = 2;
    private const int LettersOfARun = 8;
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(500);

    private readonly PatientHttp _gateway;
    private readonly Accounts _accounts;
    private readonly Session _admin;
    private readonly Session _customer;
    private readonly HistoryWriter _history;
    private readonly Recorder _recorder;
    private readonly SagaClock _clock;
    private readonly CrashFleet _fleet;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;

    // Letters only: what has many digits may look like a card number.
    private readonly string _run = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", LettersOfARun);
    private readonly PlannedItem _item;
    private readonly PlannedItem _scarce;
    private int _numbers;

    private Shop(CrashFleet fleet, TimeProvider time, TimeSpan patience)
    {
        (_fleet, _time, _patience) = (fleet, time, patience);
        _gateway = PatientHttp.Gateway(fleet.State, fleet.Data, time);
        _accounts = new Accounts(fleet.Data, _gateway);
        (_admin, _customer) = (new Session(_gateway, _accounts, "admin"), new Session(_gateway, _accounts, $"{_run}@example.com"));
        _history = new HistoryWriter(fleet.Data.NewHistory(_run));
        _recorder = new Recorder(_history, time);
        _clock = new SagaClock(fleet.Data, time);
        (_item, _scarce) = (new PlannedItem($"{_run}-plenty", "There is plenty of it", 1250, Plenty), new PlannedItem($"{_run}-scarce", "There is one", 700, 1));
    }

    /// <summary>What clients were told, on disk.</summary>
    public string History => _history.Path;

    /// <summary>Registers a customer and fills the shelf.</summary>
    public static async Task<Shop> OpenAsync(CrashFleet fleet, TimeProvider time, TimeSpan patience, CancellationToken ct)
    {
        var shop = new Shop(fleet, time, patience);
        await shop._customer.TokenAsync(refused: null, ct);
        foreach (var item in new[] { shop._item, shop._scarce })
        {
            if (await shop.PutAsync(item, ct) is { } trouble)
            {
                throw new Refusal(trouble);
            }
        }

        return shop;
    }

    /// <summary>An order of a kind that the demo knows.</summary>
    public async Task<string?> OrderAsync(OrderKind kind, CancellationToken ct)
    {
        var record = await Journey.GoAsync(Plan(kind), static _ => { }, ct);
        return record.EndedAsItShould ? null
            : record.Trouble is { } trouble ? $"{record.Label} {trouble}"
            : $"{record.Label} ended {record.Outcome} instead of {kind.Ends.ToString().ToLowerInvariant()}: {record.Reason}";
    }

    /// <summary>The customer cancels while the provider thinks.</summary>
    public Task<string?> CancelWhilePayingAsync(CancellationToken ct) => FollowAsync("tok_visa", async (order, _, stop) =>
    {
        await _clock.PaysAsync(order, stop);
        return await Journey.CancelAsync(order, stop);
    }, ["cancelled"], ct);

    /// <summary>The deadline of the payment comes while the provider is slow; its answer may yet be quicker.</summary>
    public Task<string?> GiveUpWhilePayingAsync(CancellationToken ct) => FollowAsync("tok_slow", async (order, _, stop) =>
    {
        await _clock.PaysAsync(order, stop);
        await _clock.ComesAsync(order, stop);
        return null;
    }, ["cancelled", "confirmed"], ct);

    /// <summary>The customer cancels at the moment at which the parcel leaves: either may be first, and the other is refused.</summary>
    public Task<string?> CancelWhileDispatchedAsync(CancellationToken ct) => FollowAsync("tok_visa", async (order, watch, stop) =>
    {
        await watch.UntilAsync(now => now.Status == "confirmed", stop);
        await Task.WhenAll(Journey.CancelAsync(order, stop), Journey.DispatchAsync(order, stop));
        return null;
    }, ["cancelled", "shipped"], ct);

    /// <summary>One more item.</summary>
    public Task<string?> PutItemAsync(CancellationToken ct) => PutAsync(new PlannedItem($"{_run}-{Interlocked.Increment(ref _numbers)}", "One more", 500, 5), ct);

    /// <summary>Somebody registers, looks at their profile, and has themselves forgotten.</summary>
    public async Task<string?> MakeAccountAsync(CancellationToken ct)
    {
        var email = $"{_run}-{Interlocked.Increment(ref _numbers)}@example.com";
        using var somebody = new Session(_gateway, _accounts, email);
        var profile = await ProfileAsync(somebody, ct);
        if (!profile.IsSuccess)
        {
            return $"{email} has registered and has no profile: {profile}";
        }

        // Where the answer was lost, a repeat finds the login ended, as it is for whoever has been forgotten. A session would log in again, and to
        // that end register anew.
        var forget = new Ask(HttpMethod.Delete, "/api/v1/users/me") { IdempotencyKey = $"erase-{email}", Token = await somebody.TokenAsync(refused: null, ct) };
        try
        {
            var erased = await _gateway.AskAsync(forget, _patience, ct);
            return erased.IsSuccess || erased.Status == HttpStatusCode.Unauthorized ? await StillKnownAsync(email, erased, ct) : $"{email} can't be erased: {erased}";
        }
        catch (UnansweredException e)
        {
            return $"{email} can't be erased: {e.Message}";
        }
    }

    /// <summary>The provider waits so long before it does anything.</summary>
    public async Task SlowProviderAsync(int milliseconds, CancellationToken ct)
    {
        using var http = new PatientHttp(_fleet.State.UrlOf(Catalog.Provider)!, _time);
        var turn = new Ask(HttpMethod.Post, "/knobs") { Body = JsonSerializer.SerializeToUtf8Bytes(new { latencyMs = milliseconds }), Token = _fleet.ProviderKey };
        var answer = await http.AskAsync(turn, _patience, ct);
        if (!answer.IsSuccess)
        {
            throw new Refusal($"the provider can't be made slow: {answer}");
        }
    }

    public void Dispose()
    {
        _history.Dispose();
        _customer.Dispose();
        _admin.Dispose();
        _gateway.Dispose();
    }

    private Journey Journey => new(_customer, _admin, _recorder, _time, _patience);

    private PlannedOrder Plan(OrderKind kind)
    {
        var number = Interlocked.Increment(ref _numbers);
        return new PlannedOrder(number, kind, 0, [kind.WantsTooMuch ? new PlannedLine(_scarce, TooMany) : new PlannedLine(_item, 1)], $"{_run}-{number}");
    }

    // It is made from a message, which is under way for as long as its sender or its receiver is dead: whoever is told to ask again does.
    private async Task<Answer> ProfileAsync(Session somebody, CancellationToken ct)
    {
        var end = _time.GetUtcNow() + _patience;
        while (true)
        {
            var profile = await somebody.AskAsync(Ask.Get("/api/v1/users/me"), _patience, ct);
            if (profile.ProblemCode != "user.not-yet" || _time.GetUtcNow() > end)
            {
                return profile;
            }

            await Task.Delay(Often, _time, ct);
        }
    }

    // An account that is gone has no password.
    private async Task<string?> StillKnownAsync(string email, Answer erased, CancellationToken ct)
    {
        var end = _time.GetUtcNow() + _patience;
        for (var login = await _accounts.TryLoginAsync(email, ct); login.Status != HttpStatusCode.Unauthorized; login = await _accounts.TryLoginAsync(email, ct))
        {
            if (_time.GetUtcNow() > end)
            {
                return $"{email}'s erasure was answered {erased}, and {_patience.TotalSeconds:0} s later its login {login}";
            }

            await Task.Delay(Often, _time, ct);
        }

        return null;
    }

    // Places an order, does something to it, and follows it to one of these ends.
    private async Task<string?> FollowAsync(string token, Func<string, OrderWatch, CancellationToken, Task<string?>> doAsync, string[] ends, CancellationToken ct)
    {
        var planned = Plan(new OrderKind("interrupted", token, Ending.Cancelled, 0));
        using var deadline = new CancellationTokenSource(_patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        OrderWatch? watch = null;
        try
        {
            var answer = await Journey.PlaceAsync(planned, either.Token);
            if (!answer.IsSuccess)
            {
                return $"order {planned.Key} was refused: {answer}";
            }

            var order = answer.Read(DemoWire.Default.Order).Id;
            watch = new OrderWatch(_customer, order, _recorder);
            if (await doAsync(order, watch, either.Token) is { } trouble)
            {
                return $"order {order} {trouble}";
            }

            var last = await watch.UntilAsync(now => now.Status == "attention" || ends.Contains(now.Status, StringComparer.Ordinal), either.Token);
            return last.Status != "attention" ? null : $"order {order} needs attention: {last.Reason}";
        }
        catch (UnansweredException e)
        {
            return $"order {planned.Key}: {e.Message}";
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return $"order {planned.Key} is {watch?.Last?.Status ?? "not heard of"} after {_patience.TotalSeconds:0} s";
        }
    }

    private async Task<string?> PutAsync(PlannedItem item, CancellationToken ct)
    {
        var put = Ask.Put($"/api/v1/items/{item.Sku}", new NewItem(item.Name, new Money(item.Price, DemoPlan.Currency), item.Stock), DemoWire.Default.NewItem);
        var answer = await _recorder.AskAsync(_admin, put with { IdempotencyKey = $"put-{item.Sku}" }, Recorder.About(Act.Put) with { Sku = item.Sku, Stock = item.Stock }, _patience, ct);
        return answer.IsSuccess ? null : $"item {item.Sku} can't be put on the shelf: {answer}";
    }
}
