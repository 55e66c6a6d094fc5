using System.Collections.Concurrent;
using System.Diagnostics;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Fleets;

/// <summary>What a fleet of the lab is to be.</summary>
/// <param name="Repository">Of what it is built.</param>
/// <param name="Engines">What it stands on; null: what is embedded.</param>
/// <param name="Change">What else a process is told than usual.</param>
internal sealed record LabFleetOptions(Repository Repository, string? Engines = null, Func<ProcessPlan, ProcessPlan>? Change = null)
{
    /// <summary>Whether every link goes through a proxy.</summary>
    public bool HasLinks { get; init; } = true;

    /// <summary>Processes whose clocks are to be stepped, where libfaketime is here. It costs them half of their speed.</summary>
    public IReadOnlyList<string> Clocks { get; init; } = [];

    /// <summary>Processes whose disks are to be small, so that they can be filled, where this user may mount.</summary>
    public IReadOnlyList<string> SmallDisks { get; init; } = [];

    /// <summary>Processes whose answers over HTTP are to go through a proxy of their own.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>Whether somebody is to look how each of them is, through a link.</summary>
    public bool HasProbes { get; init; }
}

/// <summary>
/// A fleet of real processes on free ports, in a folder of its own, under the launcher's own supervisor; it ends with this process,
/// however that ends. Everything that breaks it works through here.
/// </summary>
internal sealed class LabFleet : IAsyncDisposable
{
    private const int SigStop = 19, SigCont = 18;      // Linux
    private const string Killed = "was ended by signal 9";
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(3);

    private readonly FleetLock _lock;
    private readonly Fleet _fleet;
    private readonly ConcurrentQueue<(string Process, string How, DateTimeOffset At)> _deaths;
    private readonly Readiness _readiness = new();

    private LabFleet(DataFolder data, FleetLock held, Links? links, IReadOnlyDictionary<string, HttpLink> answers, IReadOnlyDictionary<string, SmallDisk> disks, Fleet fleet,
        IReadOnlyList<ProcessPlan> plans, ConcurrentQueue<(string, string, DateTimeOffset)> deaths, string description)
    {
        (Data, _lock, Links, Answers, Disks, _fleet, Plans, _deaths, Description) = (data, held, links, answers, disks, fleet, plans, deaths, description);
    }

    /// <summary>What it stands on.</summary>
    public string Description { get; }

    /// <summary>Processes of ours that ended without having been killed, how, and when.</summary>
    public IReadOnlyCollection<(string Process, string How, DateTimeOffset At)> Deaths => _deaths;

    public DataFolder Data { get; }

    /// <summary>The proxies in its links; null where there are none.</summary>
    public Links? Links { get; }

    /// <summary>Those whose answers can be made worse.</summary>
    public IReadOnlyDictionary<string, HttpLink> Answers { get; }

    /// <summary>Those that can be filled.</summary>
    public IReadOnlyDictionary<string, SmallDisk> Disks { get; }

    /// <summary>Those that can be stepped.</summary>
    public IReadOnlyDictionary<string, SteppedClock> Clocks { get; private init; } = new Dictionary<string, SteppedClock>();

    public IReadOnlyList<ProcessPlan> Plans { get; }

    /// <summary>Where clients ask.</summary>
    public string Door => Links?.Door.ToString().TrimEnd('/') ?? Plans.Single(plan => plan.Name == Catalog.Gateway).Url;

    /// <summary>Starts one, and returns when all of it is ready.</summary>
    public static async Task<LabFleet> StartAsync(LabFleetOptions options, CancellationToken ct)
    {
        var data = new DataFolder(Directory.CreateTempSubdirectory("argosy-lab-").FullName);
        data.Create();
        var held = FleetLock.TryTake(data) ?? throw new Refusal($"another fleet runs in {data.Root}");
        Dictionary<string, SmallDisk> disks = new(StringComparer.Ordinal);
        try
        {
            return await StartAsync(options, data, held, disks, ct);
        }
        catch
        {
            await EndAsync(data, held, disks, isKept: false);
            throw;
        }
    }

    private static async Task<LabFleet> StartAsync(LabFleetOptions options, DataFolder data, FleetLock held, Dictionary<string, SmallDisk> disks, CancellationToken ct)
    {
        await MountAsync(options.SmallDisks, data, disks, ct);
        var up = new UpOptions(data, Isolated: true, ReadyWithin, TimeProvider.System.GetUtcNow(), options.Engines, Instances: null, NoLimits: false);
        var (engines, plans) = await Blueprint.DrawAsync(options.Repository, up, ct);
        Links? links = null;
        Dictionary<string, HttpLink> answers = new(StringComparer.Ordinal);
        if (options.HasLinks)
        {
            foreach (var plan in plans.Where(plan => options.Answers.Contains(plan.Name, StringComparer.Ordinal)))
            {
                answers[plan.Name] = await HttpLink.StartAsync(plan.Port, ct);
            }

            (links, plans) = Links.Through(plans, answers);
            links.ShowToProbes(options.HasProbes ? plans.Where(plan => !plan.IsEngine) : []);
        }

        Dictionary<string, SteppedClock> clocks = new(StringComparer.Ordinal);
        if (options.Clocks.Count > 0 && SteppedClock.Find(options.Repository) is { } library)
        {
            plans = [.. plans.Select(plan => options.Clocks.Contains(plan.Name, StringComparer.Ordinal) ? WithClock(plan, library) : plan)];
        }

        plans = [.. plans.Select(plan => options.Change?.Invoke(plan) ?? plan)];
        var deaths = new ConcurrentQueue<(string, string, DateTimeOffset)>();
        var fleet = new Fleet(plans, data, new SupervisionPolicy { ReadyWithin = ReadyWithin }, TimeProvider.System)
        {
            Provision = engines.ProvisionAsync,
            Changed = status =>
            {
                if (status is { State: ProcessState.Backoff, LastExit: { } how } && how != Killed && plans.First(plan => plan.Name == status.Name) is { IsEngine: false })
                {
                    deaths.Enqueue((status.Name, how, TimeProvider.System.GetUtcNow()));
                }
            },
        };
        var started = new LabFleet(data, held, links, answers, disks, fleet, plans, deaths, engines.Note.Description) { Clocks = clocks };
        try
        {
            return engines.Missing.Count > 0 ? throw new Refusal(string.Join(' ', engines.Missing))
                : await fleet.StartAsync(ct) is { } failure ? throw new Refusal($"{failure.Process} {failure.How}; its last words: {LastWords(data, failure.Process)}")
                : started;
        }
        catch
        {
            await started.StopAsync();
            throw;
        }

        ProcessPlan WithClock(ProcessPlan plan, string library)
        {
            (clocks[plan.Name], var changed) = SteppedClock.Of(plan, data, library);
            return changed;
        }
    }

    private static async Task MountAsync(IEnumerable<string> processes, DataFolder data, Dictionary<string, SmallDisk> disks, CancellationToken ct)
    {
        foreach (var process in processes)
        {
            var folder = process == PostgresEngine.Name ? Path.Combine(data.Engines, process) : data.Of(process);
            if (await SmallDisk.MountAsync(folder, ct) is { } disk)
            {
                disks[process] = disk;
            }
        }
    }

    public ProcessStatus StatusOf(string process) => _fleet.Status.First(status => status.Name == process);

    /// <summary>Clients of this fleet, which its gateway knows as its own load.</summary>
    public PatientHttp Client() => Client(SecretFile.ReadOrCreate(Data.ClientKey));

    /// <summary>Somebody with an API key.</summary>
    public PatientHttp Client(string key) => new(Door, TimeProvider.System, key);

    /// <summary>The administrator's token: one login for all who ask, until somebody has refused it.</summary>
    public async Task<string> AdminTokenAsync(string? refused, CancellationToken ct)
    {
        using var gateway = Client();
        return await new Accounts(Data, gateway).AdminTokenAsync(refused, TimeProvider.System, ct);
    }

    /// <summary>SIGKILL, to it and to whatever it has started; false where it isn't running just now. The supervisor starts it again.</summary>
    public bool Kill(string process)
    {
        if (Find(process) is not { } running)
        {
            return false;
        }

        using (running)
        {
            try
            {
                running.Kill(entireProcessTree: true);
                return true;
            }
            catch (InvalidOperationException)
            {
                return false;       // it ended meanwhile
            }
        }
    }

    /// <summary>SIGSTOP, to it and to what it has started: those that stand still now, to be given to <see cref="Continue"/>.</summary>
    public IReadOnlyList<int> Halt(string process) =>
        StatusOf(process).Pid is { } pid ? [.. Tree(pid).Where(member => Signal(member, SigStop))] : [];

    /// <summary>SIGCONT.</summary>
    public static void Continue(IEnumerable<int> halted)
    {
        foreach (var pid in halted)
        {
            Signal(pid, SigCont);
        }
    }

    /// <summary>SIGCONT to whoever is it now, and to what it has started.</summary>
    public void Continue(string process) => Continue(StatusOf(process).Pid is { } pid ? Tree(pid) : []);

    /// <summary>Ends it gently and starts it again; returns when it is ready.</summary>
    public Task RestartAsync(string process, CancellationToken ct) => _fleet.RestartAsync(process, ct);

    /// <summary>Returns when the process answers that it is ready.</summary>
    public Task ReadyAsync(string process, CancellationToken ct) => _readiness.WaitAsync(StatusOf(process).Url, ct);

    /// <summary>Who isn't ready within this time.</summary>
    public async Task<IReadOnlyList<string>> NotReadyAsync(TimeSpan within, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(within);
        var late = new List<string>();
        foreach (var plan in Plans)
        {
            try
            {
                await ReadyAsync(plan.Name, deadline.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                late.Add($"{plan.Name} isn't ready {within.TotalSeconds:0} s after everything was healed; its last words: {LastWords(Data, plan.Name)}");
            }
        }

        return late;
    }

    /// <summary>Stops it. Its folder goes too, unless somebody wants to look at it.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await EndAsync(Data, _lock, Disks, IsKept);
    }

    private async Task StopAsync()
    {
        await _fleet.StopAsync(CancellationToken.None);
        _fleet.Dispose();
        _readiness.Dispose();
        if (Links is not null)
        {
            await Links.DisposeAsync();
        }

        foreach (var link in Answers.Values)
        {
            await link.DisposeAsync();
        }
    }

    private static async Task EndAsync(DataFolder data, FleetLock held, IReadOnlyDictionary<string, SmallDisk> disks, bool isKept)
    {
        foreach (var disk in disks.Values)
        {
            await disk.DisposeAsync(isKept);
        }

        held.Dispose();
        if (!isKept)
        {
            Directory.Delete(data.Root, recursive: true);
        }
    }

    /// <summary>Whether the folder stays when it ends: where something was found in it.</summary>
    public bool IsKept { get; set; }

    /// <summary>What is done with it; where that breaks off, other than because somebody wants it to, the folder stays, for whoever asks why.</summary>
    public async Task<T> KeptIfBrokenOffAsync<T>(Func<Task<T>> use)
    {
        try
        {
            return await use();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            IsKept = true;
            throw;
        }
    }

    private static string LastWords(DataFolder data, string process) =>
        File.Exists(data.LogOf(process)) ? File.ReadLines(data.LogOf(process)).LastOrDefault() ?? "none" : "none";

    private Process? Find(string process)
    {
        try
        {
            return StatusOf(process).Pid is { } pid ? Process.GetProcessById(pid) : null;
        }
        catch (ArgumentException)
        {
            return null;        // it ended meanwhile
        }
    }

    private static bool Signal(int pid, int signal) => !OperatingSystem.IsWindows() && Unix.Signal(pid, signal);

    // Parents first: who stands still starts nobody.
    private static IEnumerable<int> Tree(int pid)
    {
        yield return pid;
        var children = $"/proc/{pid}/task/{pid}/children";
        foreach (var child in File.Exists(children) ? File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            foreach (var member in Tree(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture)))
            {
                yield return member;
            }
        }
    }
}
