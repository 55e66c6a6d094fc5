using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;

namespace Argosy.FaultLab;

/// <summary>What <c>./argosy chaos</c> does.</summary>
internal sealed class Lab(Repository repository, Screen screen, CancellationToken ct)
{
    public Task<int> RunAsync(ChaosRequest request) => request switch
    {
        ChaosRequest.All all => AllAsync(all),
        _ => throw new InvalidOperationException($"{request} is no request that the lab knows"),
    };

    private async Task<int> AllAsync(ChaosRequest.All all)
    {
        var results = new ResultsFile(all.Results ?? Path.Combine(repository.Root, "artifacts", "chaos", "results.jsonl"));
        var holds = await new Campaign(screen, results).RunAsync(Trials(all.Engines), all.Runs, all.Engines ?? "embedded", ct);
        return holds ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static IReadOnlyList<ITrial> Trials(string? engines) => [];
}
