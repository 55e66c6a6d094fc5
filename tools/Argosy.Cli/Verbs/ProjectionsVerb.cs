using System.CommandLine;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Tables that are made from events: which there are, and how one is made anew while it is read and written.</summary>
internal static class ProjectionsVerb
{
    private const string Path = "/admin/projections";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public static Command Create(CliContext cli) => new("projections", "Look at read models; make one anew from its events, without downtime.")
    {
        List(cli),
        Rebuild(cli),
    };

    private static Command List(CliContext cli)
    {
        var command = new Command("list", "Every table that is made from events alone, and when it was last made anew.");
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            foreach (var (service, model) in await AllAsync(desk, ct))
            {
                cli.Screen.Print($"{model.Name,-20}{service.Name,-20}{model.Rows} rows, of {model.Events} events");
                cli.Screen.Print(model.Rebuild is { } rebuild ? $"    is being made anew: event {rebuild.Position} of {rebuild.Head}"
                    : model.Last is { } last ? FormattableString.Invariant($"    {last.At:u}: {last.Outcome}, {last.Detail}")
                    : "    not made anew yet");
            }

            return desk.ExitCode;
        });
        return command;
    }

    private static Command Rebuild(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "As list shows it." };
        var command = new Command("rebuild", "Make it anew beside the one that is there, and replace the rows that differ in one commit. Exit code 1 if that fails; the old one stays then.") { name };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var wanted = parsed.GetRequiredValue(name);
            var models = await AllAsync(desk, ct);
            if (models.FirstOrDefault(one => one.Model.Name == wanted) is not { Service: { } service, Model: { } before })
            {
                throw new Refusal($"no service {(desk.IsShort ? "that answers " : "")}has a read model '{wanted}'; there are {string.Join(", ", models.Select(one => one.Model.Name))}");
            }

            await desk.AskAsync(service, Ask.Post($"{Path}/{Uri.EscapeDataString(wanted)}/rebuild"), ct);
            cli.Screen.Say($"{service.Name} makes {wanted} anew; it goes on without this command, too");
            var last = await UntilMadeAsync(cli, desk, service, before, ct);
            cli.Screen.Print($"{last.Outcome}: {last.Detail}");
            return last.Outcome == "done" ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<RebuiltView> UntilMadeAsync(CliContext cli, Desk desk, ProcessEntry service, ProjectionView before, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Patience, cli.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        try
        {
            while (true)
            {
                var model = (await OfAsync(desk, service, either.Token)).First(one => one.Name == before.Name);
                if (model is { Rebuild: null, Last: { } last } && last != before.Last)
                {
                    return last;
                }

                await Task.Delay(Poll, cli.Time, either.Token);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new Refusal($"{before.Name} isn't made after {Patience.TotalMinutes:0} minutes; ./argosy projections list says how far it is");
        }
    }

    private static async Task<List<(ProcessEntry Service, ProjectionView Model)>> AllAsync(Desk desk, CancellationToken ct)
    {
        var asked = await desk.AskEachAsync(desk.Services(null), Path, ct);
        return [.. asked.SelectMany(one => Read(one.Answer).Select(model => (one.Service, model)))];
    }

    private static async Task<IReadOnlyList<ProjectionView>> OfAsync(Desk desk, ProcessEntry service, CancellationToken ct) =>
        Read(await desk.AskAsync(service, Ask.Get(Path), ct));

    private static IReadOnlyList<ProjectionView> Read(Answer answer) => answer.Read(WireJson.Default.Projections).Items;
}
