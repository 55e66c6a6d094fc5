using System.CommandLine;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Verbs;

/// <summary>What every verb works with.</summary>
internal sealed record CliContext(Repository Repository, Screen Screen, Interrupts Interrupts, TimeProvider Time)
{
    public Option<string?> Data { get; } = new("--data")
    {
        Description = "The fleet's data folder (default: .argosy beside the sources).",
        HelpName = "DIR",
        Recursive = true,
    };

    public DataFolder DataOf(ParseResult parsed) => DataFolder.At(parsed.GetValue(Data), Repository);

    /// <summary>The running fleet's addresses, or the sentence that there is none.</summary>
    public static async Task<FleetState> RunningAsync(DataFolder data, CancellationToken ct)
    {
        var reply = await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Status), ct);
        return (reply is null ? null : new StateFile(data.State).Read()) ?? throw NotRunning(data);
    }

    public static Refusal NotRunning(DataFolder data) =>
        new($"nothing is running in {data.Root}; start it with ./argosy up{data.Option}", ExitCodes.NotRunning);
}
