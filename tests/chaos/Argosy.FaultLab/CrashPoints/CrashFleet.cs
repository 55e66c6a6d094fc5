using System.Collections.Concurrent;
using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// A fleet whose processes look for failpoints in their folders and are started again at once, however often they die; on free ports
/// and in a folder of its own. It ends with this process.
/// </summary>
internal sealed class CrashFleet : IAsyncDisposable
{
    // Doubt is to be short: what a provider that doesn't answer costs, and how long a slow one takes.
    private static readonly Dictionary<string, string?> Hurry = new(StringComparer.Ordinal)
    {
        ["STRIPE_TIMEOUT_MS"] = "1500",
        ["PROVIDER_SLOW_MS"] = "1200",
        ["PROVIDER_WEBHOOK_DELAY_MS"] = "50",
        ["ARGOSY_FAILPOINT"] = Armory.Setting,
    };

    private static readonly SupervisionPolicy AtOnce = new() { StableAfter = TimeSpan.Zero, ReadyWithin = TimeSpan.FromMinutes(10) };

    private readonly FleetLock _held;
    private readonly ConcurrentQueue<(string Process, string How)> _deaths = [];
    private Fleet _fleet = null!;

    private CrashFleet(DataFolder data) => (Data, _held) = (data, FleetLock.TryTake(data) ?? throw new Refusal($"{data.Root} is another fleet's"));

    public DataFolder Data { get; }

    /// <summary>Whoever has it may turn the provider's knobs.</summary>
    public string ProviderKey { get; private set; } = "";

    public FleetState State => new StateFile(Data.State).Read() ?? throw new Refusal($"{Data.State} is gone: the fleet has ended");

    /// <summary>Who has ended by itself so far, and how.</summary>
    public IReadOnlyList<(string Process, string How)> Deaths => [.. _deaths];

    /// <param name="repository">What is built.</param>
    /// <param name="engines">As <c>--engines</c> has it; null for what is embedded.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<CrashFleet> StartAsync(Repository repository, string? engines, TimeProvider time, CancellationToken ct)
    {
        var data = new DataFolder(Directory.CreateTempSubdirectory("argosy-crash-").FullName);
        data.Create();
        var fleet = new CrashFleet(data);
        try
        {
            await fleet.BeginAsync(repository, engines, time, ct);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    public ProcessStatus StatusOf(string process) => _fleet.Status.First(status => status.Name == process);

    public async ValueTask DisposeAsync()
    {
        if (_fleet is not null)
        {
            await _fleet.StopAsync(new CancellationToken(canceled: true));
            _fleet.Dispose();
        }

        _held.Dispose();
    }

    private async Task BeginAsync(Repository repository, string? engines, TimeProvider time, CancellationToken ct)
    {
        var up = new UpOptions(Data, Isolated: true, AtOnce.ReadyWithin, time.GetUtcNow(), engines, Instances: null, NoLimits: true);
        var (standsOn, plans) = await Blueprint.DrawAsync(repository, up, ct);
        if (standsOn.Missing.Count > 0)
        {
            throw new Refusal(string.Join("; ", standsOn.Missing));
        }

        ProviderKey = plans.Single(plan => plan.Name == Catalog.Provider).Environment["PROVIDER_API_KEY"]!;
        _fleet = new Fleet(plans.Select(plan => plan.IsEngine ? plan : InAHurry(ShortLives.Of(plan))), Data, AtOnce, time) { Changed = Note, Provision = standsOn.ProvisionAsync };
        if (await _fleet.StartAsync(ct) is { } failure)
        {
            throw new Refusal($"the fleet in {Data.Root} didn't start: {failure.Process} {failure.How}; its words are in {Data.LogOf(failure.Process)}");
        }
    }

    private static ProcessPlan InAHurry(ProcessPlan plan) => plan with { Environment = plan.Environment.Concat(Hurry).ToDictionary(StringComparer.Ordinal) };

    private void Note(ProcessStatus status)
    {
        if (status.State == ProcessState.Backoff)
        {
            _deaths.Enqueue((status.Name, status.LastExit ?? ""));
        }
    }
}
