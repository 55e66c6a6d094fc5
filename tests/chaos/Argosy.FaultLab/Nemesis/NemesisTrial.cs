using Argosy.Cli.Access;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Load;

namespace Argosy.FaultLab.Nemesis;

/// <param name="Length">For how long things are broken.</param>
/// <param name="Engines">What the fleet stands on; null: what is embedded.</param>
internal sealed record NemesisOptions(TimeSpan Length, string? Engines)
{
    /// <summary>What else is done to the fleet after it was healed, before anybody looks: how the lab itself is put to the test.</summary>
    public Func<LabFleet, Task>? Sabotage { get; init; }

    /// <summary>How long after that everything may take.</summary>
    public TimeSpan Patience { get; init; } = Crowd.UsualPatience;
}

/// <summary>
/// Real processes under load, and faults that overlap, all from one seed:
/// <list type="number">
/// <item>Start a fleet with a proxy in every link; clients log in, the shelf is filled.</item>
/// <item>Clients ask while the schedule's faults come and go.</item>
/// <item>Heal: every fault is undone, every process is ready within a minute.</item>
/// <item>Some of what nobody knows is asked again, and every order is read until it has ended; then final reads, which settle the rest.</item>
/// <item>The checker holds all books against the history.</item>
/// </list>
/// </summary>
internal sealed class NemesisTrial(Repository repository, Screen screen, NemesisOptions options) : ITrial
{
    public const string Name = "nemesis";

    // The longer it is kept ready, the fewer tokens are met by somebody who doesn't know its key; a run has no 16 minutes to wait.
    private const string KeyPublishSeconds = "2";

    public string Kind => Name;

    public IEnumerable<int> Seeds(int runs) => Enumerable.Range(1, runs);

    public async Task<TrialResult> RunAsync(int seed, CancellationToken ct)
    {
        var began = TimeProvider.System.GetTimestamp();
        var wanted = new LabFleetOptions(repository, options.Engines, Change)
        {
            Clocks = ClocksOf(seed),
            SmallDisks = options.Engines is { } on && (on == EngineSet.Everything || on.Contains(PostgresEngine.Name, StringComparison.Ordinal))
                ? [PostgresEngine.Name] : ["order-service", "payment-service", "inventory-service", "shipping-service"],
        };
        await using var fleet = await LabFleet.StartAsync(wanted, ct);
        return await fleet.KeptIfBrokenOffAsync(() => RunAsync(fleet, seed, began, ct));
    }

    private async Task<TrialResult> RunAsync(LabFleet fleet, int seed, long began, CancellationToken ct)
    {
        var what = Breakables.Of(fleet);
        screen.Say($"argosy: nemesis, seed {seed}, {options.Length.TotalSeconds:0} s on {fleet.Description}, in {fleet.Data.Root}"
            + (what.Disks.Count == 0 ? "; left out: full disks, since this user can't mount one" : "")
            + (what.Clocks.Count == 0 ? $"; left out: steps of clocks, for want of a library: apt-get install {SteppedClock.Package}" : ""));
        await using var crowd = new Crowd(fleet, seed, options.Length, options.Patience);
        await crowd.GatherAsync(ct);
        await fleet.AdminTokenAsync(refused: null, ct);     // a login takes longer than a fault lasts, later on

        var inflicted = await BreakAsync(fleet, crowd, Schedule.Draw(seed, options.Length, what), ct);
        var findings = await Aftermath.HealAsync(fleet, ct);
        if (options.Sabotage is { } sabotage)
        {
            await sabotage(fleet);
        }

        findings.AddRange(await crowd.SettleAsync(ct));
        var books = await Aftermath.ReadBooksAsync(fleet, crowd, ct);
        findings.AddRange(Aftermath.Deaths(fleet.Deaths, [.. inflicted.Where(i => i.Appointment.Fault is DiskFull).Select(i => (i.Appointment.Fault.Whom, i.From, i.To))]));
        var page = await Aftermath.WritePageAsync(repository, $"{Name}-{seed}", $"nemesis, seed {seed}, {options.Length.TotalSeconds:0} s on {fleet.Description}", books, findings, crowd, ct);
        findings.AddRange(Books.FindingsOf(books));
        fleet.IsKept = findings.Count > 0;
        var overlaps = Overlaps.Of(inflicted, crowd.History.Path);
        screen.Say($"argosy: nemesis, seed {seed}:\n{overlaps}\n  {crowd.Besides}\n  as a page: {page}");
        return new TrialResult(
            Kind, seed, options.Engines ?? "embedded", [.. inflicted.Select(i => i.ToString())], overlaps.Operations, overlaps.DuringAFault,
            TimeProvider.System.GetElapsedTime(began).TotalSeconds, findings.Count == 0 ? [] : [.. findings, $"everything is kept in {fleet.Data.Root}"],
            crowd.Besides);
    }

    // Two processes of a run have clocks of their own: that costs them half of their speed.
    private string[] ClocksOf(int seed)
    {
        string[] names = [.. Catalog.Read(repository).Select(entry => entry.Name).Order(StringComparer.Ordinal)];
        new Random(seed).Shuffle(names);
        return names[..2];
    }

    private static ProcessPlan Change(ProcessPlan plan) => plan.Name != "auth-service" ? plan
        : plan with { Environment = new Dictionary<string, string?>(plan.Environment, StringComparer.Ordinal) { ["KEY_PUBLISH_SECONDS"] = KeyPublishSeconds } };

    private async Task<IReadOnlyList<Inflicted>> BreakAsync(LabFleet fleet, Crowd crowd, IReadOnlyList<Appointment> schedule, CancellationToken ct)
    {
        using var over = new CancellationTokenSource(options.Length);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, over.Token);
        var began = TimeProvider.System.GetUtcNow();
        var crowding = crowd.RunAsync(over.Token, ct);
        var inflicted = await Task.WhenAll(schedule.Select(appointment => Inflicted.KeepAsync(appointment, fleet, crowd.History, began, stop.Token)));
        ct.ThrowIfCancellationRequested();
        await crowding;
        return [.. inflicted.OrderBy(i => i.From)];
    }
}
