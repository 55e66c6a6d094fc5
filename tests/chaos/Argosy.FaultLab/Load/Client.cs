using Argosy.Checker.History;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;

namespace Argosy.FaultLab.Load;

/// <summary>
/// Somebody at the door, who places orders and follows some of them, repeats and alters requests, reads, cancels, dispatches, has money given back, changes
/// their profile, brings others and lets a program act by an API key, with little patience: what isn't answered in time stays unknown, and is settled when
/// everything is over.
/// </summary>
/// <param name="name">Tells this client from all others.</param>
/// <param name="random">What it does next.</param>
/// <param name="customer">Who it is.</param>
/// <param name="accounts">Has the customer's password.</param>
/// <param name="byKey">Makes somebody who comes with an API key.</param>
/// <param name="admin">Who dispatches and gives back for it.</param>
/// <param name="recorder">Writes down what it is told.</param>
/// <param name="orders">What it will buy.</param>
/// <param name="profile">The customer's, where this client is the one that changes it.</param>
/// <param name="enough">Ends what it follows.</param>
internal sealed class Client(
    string name, Random random, Session customer, Accounts accounts, Func<string, PatientHttp> byKey, Session admin, Recorder recorder, Queue<PlannedOrder> orders, Profile? profile,
    CancellationToken enough)
{
    private const int OneFollowedIn = 4;
    private const int OneByMachineIn = 5;
    private static readonly TimeSpan LoginToo = TimeSpan.FromSeconds(2);

    private readonly List<Placed> _placed = [];
    private readonly List<Request> _unknown = [];
    private readonly HashSet<string> _cancelled = new(StringComparer.Ordinal);
    private readonly List<string> _findings = [];
    private int _steps;

    /// <summary>What no answer came to; whoever asks again with the same key hears how it was.</summary>
    public IReadOnlyList<Request> Unknown => _unknown;

    /// <summary>What was acknowledged.</summary>
    public IReadOnlyList<Placed> Acknowledged => _placed;

    /// <summary>One of the customer's; null where there is none.</summary>
    public string? AnOrder => _placed is [var first, ..] ? first.Order : null;

    public IReadOnlyList<string> Findings => _findings;

    public Refunds Refunds { get; } = new(name);

    public Newcomers Newcomers { get; } = new(name);

    public Streams Streams { get; } = new(customer, recorder, enough);

    public Machine Machine { get; } = new(name, revokes: profile is null);

    /// <summary>Goes on until the run is over; what is under way then is carried to its end.</summary>
    public async Task RunAsync(CancellationToken over, CancellationToken ct)
    {
        while (!over.IsCancellationRequested)
        {
            await NextAsync(ct);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 300)), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // What a machine does comes after each other and is rare, so that it has its turns.
    private Task NextAsync(CancellationToken ct) => ++_steps % OneByMachineIn == 0 && !Machine.IsDone ? MachineAsync(ct) : random.Next(100) switch
    {
        < 45 when orders.TryDequeue(out var order) => PlaceAsync(order, ct),
        < 55 when Any() is { } placed => RepeatAsync(placed, ct),
        < 60 when Any() is { } placed => AlterAsync(placed, ct),
        < 70 when Any() is { } placed => CancelAsync(placed, ct),
        < 78 when Any() is { } placed => DispatchAsync(placed, ct),
        < 92 when Any() is { } placed => ReadAsync(placed, ct),
        < 94 when Any() is { } placed => Refunds.GiveAsync(placed.Order, random.Next(1, (int)placed.Request.About.Expected!.Minor + 1), ask => TryAsync(admin, ask, ct)),
        < 97 when profile is not null => profile.ChangeAsync(ask => TryAsync(customer, ask, ct)),
        < 98 when !Newcomers.HaveCome => Newcomers.RegisterAsync(ask => TryAsync(ask, ct)),
        _ => ListAsync(ct),
    };

    private Placed? Any() => _placed.Count > 0 ? _placed[random.Next(_placed.Count)] : null;

    private async Task PlaceAsync(PlannedOrder planned, CancellationToken ct)
    {
        var about = Recorder.About(Act.Place) with
        {
            Customer = await customer.SubjectAsync(ct),
            Key = planned.Key,
            Lines = [.. planned.Lines.Select(line => new Pieces(line.Item.Sku, line.Quantity))],
            Expected = new Amount(planned.Amount, DemoPlan.Currency),
        };
        var request = new Request(customer, Journey.Placing(planned), about);
        if (await AskAsync(request, ct) is { IsSuccess: true } answer)
        {
            var placed = new Placed(request, answer.Read(DemoWire.Default.Order).Id, answer.Body);
            _placed.Add(placed);
            if (random.Next(OneFollowedIn) == 0)
            {
                Streams.Follow(placed.Order);
            }
        }
    }

    private async Task RepeatAsync(Placed placed, CancellationToken ct) => Compare(placed, await AskAsync(placed.Request, ct, isRepeat: true));

    /// <summary>The same key has the same answer, to the byte.</summary>
    public void Compare(Placed placed, Answer? answer)
    {
        if (answer is not null && !answer.Body.AsSpan().SequenceEqual(placed.Body))
        {
            _findings.Add($"key {placed.Request.About.Key} was answered with order {placed.Order}, and a repeat with {answer}");
        }
    }

    private async Task AlterAsync(Placed placed, CancellationToken ct)
    {
        byte[] altered = [.. placed.Request.Ask.Body!, (byte)' '];      // the bytes count, not what they mean
        var request = placed.Request with { Ask = placed.Request.Ask with { Body = altered } };
        var answer = await TryAsync(request.Who, request.Ask, ct);
        if (answer is { IsSuccess: true })
        {
            _findings.Add($"key {request.About.Key} was taken again with another body: {answer}");
        }
    }

    private Task<Answer?> CancelAsync(Placed placed, CancellationToken ct)
    {
        var ask = Ask.Post($"/api/v1/orders/{placed.Order}/cancel", new NewCancellation("changed my mind"), DemoWire.Default.NewCancellation);
        var request = new Request(customer, ask with { IdempotencyKey = $"cancel-{placed.Order}" }, Recorder.About(Act.Cancel) with { Order = placed.Order });
        return AskAsync(request, ct, isRepeat: !_cancelled.Add(placed.Order));
    }

    private async Task DispatchAsync(Placed placed, CancellationToken ct)
    {
        var found = await TryAsync(admin, Ask.Get($"/api/v1/shipments?orderId={placed.Order}"), ct);
        if (found is { IsSuccess: true } && found.Read(DemoWire.Default.ShipmentPage).Items is [var shipment])
        {
            var ask = Ask.Post($"/api/v1/shipments/{shipment.Id}/dispatch") with { IdempotencyKey = $"dispatch-{placed.Order}" };
            await AskAsync(new Request(admin, ask, Recorder.About(Act.Dispatch) with { Order = placed.Order }), ct);
        }
    }

    private async Task ReadAsync(Placed placed, CancellationToken ct)
    {
        try
        {
            using var limit = Limit(ct, out var patience);
            await recorder.AskAsync(customer, Ask.Get($"/api/v1/orders/{placed.Order}"), Recorder.About(Act.Read) with { Order = placed.Order }, patience, limit.Token);
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            // a read that nobody answered leaves nothing to settle
        }
    }

    private async Task MachineAsync(CancellationToken ct) => await Machine.NextAsync(
        await accounts.PasswordAsync(customer.Who, ct), AnOrder, ask => TryAsync(customer, ask, ct), (key, ask) => TryAsync((patience, limit) => byKey(key).AskAsync(ask, patience, limit), ct));

    private Task<Answer?> ListAsync(CancellationToken ct) => TryAsync(customer, Ask.Get("/api/v1/orders?limit=20"), ct);

    private async Task<Answer?> AskAsync(Request request, CancellationToken ct, bool isRepeat = false)
    {
        try
        {
            using var limit = Limit(ct, out var patience);
            return await recorder.AskAsync(request.Who, request.Ask, request.About, patience, limit.Token, isRepeat);
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            _unknown.Add(request);
            return null;
        }
    }

    private Task<Answer?> TryAsync(Session who, Ask ask, CancellationToken ct) => TryAsync((patience, limit) => who.AskAsync(ask, patience, limit), ct);

    // As nobody.
    private Task<Answer?> TryAsync(Ask ask, CancellationToken ct) => TryAsync((patience, limit) => customer.Http.AskAsync(ask, patience, limit), ct);

    private async Task<Answer?> TryAsync(Func<TimeSpan, CancellationToken, Task<Answer>> askAsync, CancellationToken ct)
    {
        try
        {
            using var limit = Limit(ct, out var patience);
            return await askAsync(patience, limit.Token);
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            return null;
        }
    }

    // From impatient to patient. Who has to log in again on the way gets some more.
    private CancellationTokenSource Limit(CancellationToken ct, out TimeSpan patience)
    {
        patience = TimeSpan.FromMilliseconds(random.Next(300, 4000));
        var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience + LoginToo);
        return limit;
    }

    private static bool IsNoAnswer(Exception e, CancellationToken ct) => e is UnansweredException or Refusal || (e is OperationCanceledException && !ct.IsCancellationRequested);
}

/// <summary>What somebody asked for, to be asked again.</summary>
internal sealed record Request(Session Who, Ask Ask, HistoryLine About);

/// <summary>An order that a client was told that it has.</summary>
/// <param name="Body">What it was told, to the byte.</param>
internal sealed record Placed(Request Request, string Order, byte[] Body);
