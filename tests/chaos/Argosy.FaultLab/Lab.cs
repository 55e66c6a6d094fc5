using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;
using Argosy.FaultLab.CrashPoints;
using Argosy.FaultLab.Experiments;
using Argosy.FaultLab.Nemesis;

namespace Argosy.FaultLab;

/// <summary>What <c>./argosy chaos</c> does.</summary>
internal sealed class Lab(Repository repository, Screen screen, CancellationToken ct)
{
    private const int NemesisLanes = 1;     // each loads its fleet
    private const int CrashLanes = 2;       // each mostly waits

    private static readonly TimeSpan LengthInCampaign = TimeSpan.FromSeconds(60);

    public Task<int> RunAsync(ChaosRequest request) => request switch
    {
        ChaosRequest.All all => AllAsync(all),
        ChaosRequest.Nemesis nemesis => OnceAsync(new NemesisTrial(repository, screen, new NemesisOptions(nemesis.Length, nemesis.Engines)), nemesis.Seed),
        ChaosRequest.List => ListAsync(),
        ChaosRequest.Run run => RunAsync(run),
        _ => throw new InvalidOperationException($"{request} is no request that the lab knows"),
    };

    private async Task<int> AllAsync(ChaosRequest.All all)
    {
        var results = new ResultsFile(all.Results ?? Path.Combine(repository.Root, "artifacts", "chaos", "results.jsonl"));
        var holds = true;
        if (all.Only is null or ChaosVerb.OnlyNemesis)
        {
            holds &= await new Campaign(screen, results, all.Lanes ?? NemesisLanes).RunAsync(Trials(all.Engines), all.Runs, all.Engines ?? "embedded", ct);
        }

        if (all.Only is null or ChaosVerb.OnlyCrashPoints)
        {
            holds &= await new Exhaustively(repository, screen, results, all.Engines, all.Lanes ?? CrashLanes).RunAsync(ct);
        }

        screen.Say($"argosy: all of it is in {results.Path}");
        return holds ? ExitCodes.Done : ExitCodes.Failed;
    }

    private Task<int> ListAsync()
    {
        foreach (var line in new Included(repository).Table())
        {
            screen.Print(line);
        }

        return Task.FromResult(ExitCodes.Done);
    }

    private async Task<int> RunAsync(ChaosRequest.Run run)
    {
        var included = new Included(repository);
        var engines = run.File is { } file ? [included.Load(file)] : included.Named(run.Experiments);
        if (run.Length is { } length)
        {
            engines = [.. engines.Select(engine => engine with { Experiments = [.. engine.Experiments.Select(e => e with { Chaos = e.Chaos with { Length = length } })] })];
        }

        return await new ExperimentTrial(repository, screen, run.Engines).RunAsync(engines, ct) ? ExitCodes.Done : ExitCodes.Failed;
    }

    private async Task<int> OnceAsync(NemesisTrial trial, int seed)
    {
        var result = await trial.RunAsync(seed, ct);
        screen.Print(Campaign.Line(result));
        return result.Holds ? ExitCodes.Done : ExitCodes.Failed;
    }

    // A folder, a kind.
    private IReadOnlyList<ITrial> Trials(string? engines) =>
    [
        new NemesisTrial(repository, screen, new NemesisOptions(LengthInCampaign, engines)),
    ];
}
