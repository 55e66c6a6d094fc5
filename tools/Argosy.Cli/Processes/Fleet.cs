namespace Argosy.Cli.Processes;

/// <summary>All processes together: started at once, ended in stages, written down whenever one of them changes.</summary>
internal sealed class Fleet : IDisposable
{
    private const int BadConfiguration = 78;
    private readonly StateFile _state;
    private readonly Readiness _readiness = new();
    private readonly List<LogFile> _logs = [];
    private readonly IReadOnlyList<Supervised> _processes;

    /// <param name="plans">Who belongs to it.</param>
    /// <param name="data">Its folder.</param>
    /// <param name="policy">How long to wait for what.</param>
    /// <param name="time">The clock.</param>
    public Fleet(IEnumerable<ProcessPlan> plans, DataFolder data, SupervisionPolicy policy, TimeProvider time)
    {
        _state = new StateFile(data.State);
        _processes = [.. plans.Select(Supervise)];

        Supervised Supervise(ProcessPlan plan)
        {
            var log = new LogFile(data.LogOf(plan.Name));
            _logs.Add(log);
            return new Supervised(plan, policy, _readiness, time, Listen, Note);

            void Listen(ReadOnlyMemory<byte> lines)
            {
                log.Append(lines.Span);
                Said?.Invoke(plan.Name, lines);
            }
        }

        void Note(ProcessStatus status)
        {
            WriteState();
            Changed?.Invoke(status);
        }
    }

    /// <summary>Called from the processes' own loops at every change, so it returns at once.</summary>
    public Action<ProcessStatus>? Changed { get; init; }

    /// <summary>Called with whole lines as they come, from the threads that read them.</summary>
    public Action<string, ReadOnlyMemory<byte>>? Said { get; init; }

    /// <summary>Called when the engines listen, before anybody else starts.</summary>
    public Func<CancellationToken, Task> Provision { get; init; } = _ => Task.CompletedTask;

    public IReadOnlyList<ProcessStatus> Status => [.. _processes.Select(p => p.Status)];

    /// <summary>
    /// Engines first; once they listen, <see cref="Provision"/> makes in them what the others need, and all others start together.
    /// Returns when all are ready, or as soon as one will not be: null, or whose fault it is and what it is.
    /// </summary>
    public async Task<StartFailure?> StartAsync(CancellationToken ct)
    {
        if (await StartAsync(_processes.Where(p => p.Plan.IsEngine), ct) is { } failure)
        {
            return failure;
        }

        await Provision(ct);
        return await StartAsync(_processes.Where(p => !p.Plan.IsEngine), ct);
    }

    private static async Task<StartFailure?> StartAsync(IEnumerable<Supervised> processes, CancellationToken ct)
    {
        var waiting = processes.ToDictionary(p => (Task)p.FirstOutcome);
        foreach (var process in waiting.Values)
        {
            process.Start();
        }

        while (waiting.Count > 0)
        {
            var done = await Task.WhenAny(waiting.Keys).WaitAsync(ct);
            if (waiting.Remove(done, out var process) && await process.FirstOutcome is { } end)
            {
                return new StartFailure(process.Plan.Name, end.How, end.ExitCode == BadConfiguration);
            }
        }

        return null;
    }

    public async Task RestartAsync(string name, CancellationToken ct)
    {
        var process = _processes.FirstOrDefault(p => p.Plan.Name == name)
            ?? throw new Refusal($"there is no process {name}; there are {string.Join(", ", _processes.Select(p => p.Plan.Name))}");
        await process.RestartAsync(ct);
    }

    /// <summary>Stage after stage; whoever isn't gone in time, or when <paramref name="killNow"/> says so, is killed.</summary>
    public async Task<StopSummary> StopAsync(CancellationToken killNow)
    {
        var killed = new List<string>();
        foreach (var stage in _processes.GroupBy(p => p.Plan.StopStage).OrderBy(s => s.Key))
        {
            var members = stage.ToList();
            var hadToKill = await Task.WhenAll(members.Select(p => p.StopAsync(killNow)));
            killed.AddRange(members.Where((_, i) => hadToKill[i]).Select(p => p.Plan.Name));
        }

        _state.Remove();
        return new StopSummary(_processes.Count, killed);
    }

    public void Dispose()
    {
        _readiness.Dispose();
        _logs.ForEach(l => l.Dispose());
    }

    private void WriteState() => _state.Write(() => new FleetState(
        _processes.FirstOrDefault(p => p.Plan.Name == Catalog.Gateway)?.Plan.Url ?? "",
        [.. Status.Select(s => new ProcessEntry(s.Name, s.Pid, s.Port, s.Url))]));
}

/// <param name="Process">Who didn't start.</param>
/// <param name="How">Continues a sentence that begins with its name.</param>
/// <param name="IsConfiguration">It refused its configuration (exit code 78, BSD's EX_CONFIG), so its own line says it best.</param>
internal sealed record StartFailure(string Process, string How, bool IsConfiguration);

internal sealed record StopSummary(int Stopped, IReadOnlyList<string> Killed);
