using System.Collections.Concurrent;
using Argosy.Checker.History;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Load;

/// <summary>
/// All clients of a run, and what they were told:
/// <list type="number">
/// <item><see cref="GatherAsync"/>: they log in, and the shelf is filled, while all is well.</item>
/// <item><see cref="RunAsync"/>: they do as they like.</item>
/// <item><see cref="SettleAsync"/>: half of what they don't know they ask again, with patience; where their orders ended they read, and in the end
/// everything that there is.</item>
/// </list>
/// </summary>
internal sealed class Crowd : IAsyncDisposable
{
    private const int ClientsOfACustomer = 2;
    private const int OrdersASecond = 20;
    private const int AtOnce = 8;

    /// <summary>Book h: what was broken is whole a minute after it was healed.</summary>
    public static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _enough = new();
    private readonly TimeSpan _patience;
    private readonly LabFleet _fleet;
    private readonly PatientHttp _gateway;
    private readonly ConcurrentDictionary<string, PatientHttp> _byKey = new(StringComparer.Ordinal);
    private readonly HistoryWriter _history;
    private readonly Recorder _recorder;
    private readonly DemoPlan _plan;
    private readonly Session _admin;
    private readonly List<Session> _customers;
    private readonly List<Profile> _profiles;
    private readonly List<Client> _clients;

    /// <param name="fleet">Whose door they come to.</param>
    /// <param name="seed">What they do.</param>
    /// <param name="length">How long they stay, so that they have enough to buy.</param>
    /// <param name="patience">How long after it was healed everything may take; null: <see cref="UsualPatience"/>.</param>
    public Crowd(LabFleet fleet, int seed, TimeSpan length, TimeSpan? patience = null)
    {
        _patience = patience ?? UsualPatience;
        var run = $"lab{string.Concat($"{seed}".Select(digit => (char)('a' + ((digit - '0') & 15))))}";      // letters only: digits may look like a card's
        (_fleet, _gateway) = (fleet, fleet.Client());
        _history = new HistoryWriter(fleet.Data.NewHistory(run));
        _recorder = new Recorder(_history, TimeProvider.System);
        _plan = DemoPlan.Create(run, (int)(length.TotalSeconds * OrdersASecond), seed);
        var accounts = new Accounts(fleet.Data, _gateway);
        _admin = new Session(_gateway, accounts, "admin");
        _customers = [.. Enumerable.Range(1, _plan.Customers).Select(i => new Session(_gateway, accounts, $"{run}-{i}@example.com"))];
        _profiles = [.. _customers.Select(customer => new Profile(customer.Who))];
        _clients = [.. _customers.SelectMany((customer, c) => Enumerable.Range(0, ClientsOfACustomer).Select(i => new Client(
            $"{run}-{c + 1}-{i + 1}", new Random(HashCode(seed, c, i)), customer, accounts, ByKey, _admin, _recorder,
            new Queue<PlannedOrder>(_plan.Orders.Where(order => order.Customer == c).Where((_, n) => n % ClientsOfACustomer == i)), i == 0 ? _profiles[c] : null, _enough.Token)))];
    }

    /// <summary>What clients were told, for whoever has more to tell of the same time.</summary>
    public HistoryWriter History => _history;

    public int Clients => _clients.Count;

    public Besides Besides => new(
        _clients.Sum(client => client.Refunds.Acknowledged), _clients.Sum(client => client.Newcomers.Registered), _clients.Count(client => client.Machine.IsMade),
        _clients.Count(client => client.Machine is { IsRevoked: true, IsUsed: true }), _clients.Sum(client => client.Streams.Heard));

    public IReadOnlyList<string> Orders => [.. _clients.SelectMany(client => client.Acknowledged).Select(placed => placed.Order)];

    public async Task GatherAsync(CancellationToken ct)
    {
        // Hashing a password is meant to be slow: one after the other.
        foreach (var session in _customers.Prepend(_admin))
        {
            await session.TokenAsync(refused: null, ct);
        }

        foreach (var item in _plan.Items)
        {
            var put = Ask.Put($"/api/v1/items/{item.Sku}", new NewItem(item.Name, new Money(item.Price, DemoPlan.Currency), item.Stock), DemoWire.Default.NewItem);
            var about = Recorder.About(Act.Put) with { Sku = item.Sku, Stock = item.Stock };
            var answer = await _recorder.AskAsync(_admin, put with { IdempotencyKey = $"put-{item.Sku}" }, about, _patience, ct);
            if (!answer.IsSuccess)
            {
                throw new Refusal($"item {item.Sku} can't be put on the shelf: {answer}");
            }
        }
    }

    public Task RunAsync(CancellationToken over, CancellationToken ct) => Task.WhenAll(_clients.Select(client => client.RunAsync(over, ct)));

    /// <summary>
    /// All is healed. Of what nobody knows, one half is asked again, as a client does who minds; what became of the other half is for the final
    /// reads and the books to say. Tells what is wrong even now.
    /// </summary>
    public async Task<IReadOnlyList<string>> SettleAsync(CancellationToken ct)
    {
        _recorder.Healed();
        var findings = new List<string>();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(_patience);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct };
        var orders = new HashSet<(Session, string)>(_clients.SelectMany(client => client.Acknowledged).Select(placed => (placed.Request.Who, placed.Order)));
        await Parallel.ForEachAsync(_clients.SelectMany(client => client.Unknown).Where((_, i) => i % 2 == 0), parallel, async (request, _) =>
        {
            try
            {
                var answer = await _recorder.AskAsync(request.Who, request.Ask, request.About, _patience, deadline.Token, isRepeat: true);
                if (request.About.Act == Act.Place && answer.IsSuccess)
                {
                    lock (orders)
                    {
                        orders.Add((request.Who, answer.Read(DemoWire.Default.Order).Id));
                    }
                }
            }
            catch (Exception e) when (IsNoAnswer(e, ct))
            {
                Add($"'{request.About.Act}' {request.About.Key ?? request.About.Order} isn't answered {_patience.TotalSeconds:0} s after everything was healed: {e.Message}");
            }
        });
        await Parallel.ForEachAsync(_clients, parallel, async (client, _) =>
        {
            if (client.Acknowledged is [.., var last])
            {
                try
                {
                    client.Compare(last, await _recorder.AskAsync(last.Request.Who, last.Request.Ask, last.Request.About, _patience, deadline.Token, isRepeat: true));
                }
                catch (Exception e) when (IsNoAnswer(e, ct))
                {
                    Add($"key {last.Request.About.Key} was answered with order {last.Order}, and a repeat isn't {_patience.TotalSeconds:0} s after everything was healed: {e.Message}");
                }
            }
        });
        await Parallel.ForEachAsync(orders, parallel, async (order, _) =>
        {
            if (await EndAsync(order.Item1, order.Item2, deadline.Token, ct) is { } finding)
            {
                Add(finding);
            }
        });
        foreach (var client in _clients)
        {
            await FindAsync("refunds", () => client.Refunds.CheckAsync(ask => _admin.AskAsync(ask, _patience, ct), deadline.Token));
            await FindAsync("newcomers", () => client.Newcomers.CheckAsync(ask => _gateway.AskAsync(ask, _patience, ct), deadline.Token));
            await FindAsync("API keys", () => client.Machine.CheckAsync(client.AnOrder, (key, ask) => ByKey(key).AskAsync(ask, _patience, ct), deadline.Token));
            await FindAsync("streams", () => client.Streams.CheckAsync(deadline.Token));
        }

        await EndStreamsAsync();
        try
        {
            await new FinalReads(_recorder, TimeProvider.System, _patience).ReadAsync(_customers, _admin, _plan.Items, ct);
            foreach (var (profile, customer) in _profiles.Zip(_customers))
            {
                if (await profile.CheckAsync(ask => customer.AskAsync(ask, _patience, ct)) is { } wrong)
                {
                    Add(wrong);
                }
            }
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            Add($"what there is in the end can't be read: {e.Message}");
        }

        return [.. findings, .. _clients.SelectMany(client => client.Findings)];

        async Task FindAsync(string what, Func<Task<IReadOnlyList<string>>> checkAsync)
        {
            try
            {
                (await checkAsync()).ToList().ForEach(Add);
            }
            catch (Exception e) when (IsNoAnswer(e, ct))
            {
                Add($"{what} can't be read in the end: {e.Message}");
            }
        }

        void Add(string finding)
        {
            lock (findings)
            {
                findings.Add(finding);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndStreamsAsync();
        _enough.Dispose();
        _history.Dispose();
        _admin.Dispose();
        _customers.ForEach(customer => customer.Dispose());
        _gateway.Dispose();
        _byKey.Values.ToList().ForEach(client => client.Dispose());
    }

    private async Task EndStreamsAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_clients.Select(client => client.Streams.EndAsync()));
    }

    private PatientHttp ByKey(string key) => _byKey.GetOrAdd(key, _fleet.Client);

    // Reads until it is where it stays; null, or what is wrong.
    private async Task<string?> EndAsync(Session who, string order, CancellationToken deadline, CancellationToken ct)
    {
        var last = "nothing";
        try
        {
            while (true)
            {
                var answer = await _recorder.AskAsync(who, Ask.Get($"/api/v1/orders/{order}"), Recorder.About(Act.Read) with { Order = order }, _patience, deadline);
                last = answer.IsSuccess ? answer.Read(DemoWire.Default.Order).Status : $"{answer}";
                if (!answer.IsSuccess || last is "confirmed" or "shipped" or "cancelled")
                {
                    return answer.IsSuccess ? null : $"order {order} was acknowledged, and reading it is answered {answer}";
                }

                await Task.Delay(Pause, deadline);
            }
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            return $"order {order} hasn't ended {_patience.TotalSeconds:0} s after everything was healed; the last that was heard of it: {last}";
        }
    }

    private static bool IsNoAnswer(Exception e, CancellationToken ct) => e is UnansweredException or Refusal || (e is OperationCanceledException && !ct.IsCancellationRequested);

    // System.HashCode differs from process to process; this doesn't.
    private static int HashCode(int seed, int customer, int client) => unchecked((((seed * 31) + customer) * 31) + client);
}
