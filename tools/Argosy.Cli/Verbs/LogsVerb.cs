using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Verbs;

/// <summary>Shows what the processes wrote: the last lines, and with -f whatever comes.</summary>
internal static class LogsVerb
{
    private const int DefaultLines = 100;

    public static Command Create(CliContext cli)
    {
        var name = new Argument<string?>("NAME") { Description = "One process; all of them without it.", Arity = ArgumentArity.ZeroOrOne };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on showing what comes." };
        var lines = new Option<int>("--lines", "-n") { Description = "How many of the last lines to begin with, of all processes together.", DefaultValueFactory = _ => DefaultLines, HelpName = "N" };
        var grep = new Option<string?>("--grep") { Description = "Only lines with this text, whatever its case: an order's id, a trace's. Older files are searched too.", HelpName = "TEXT" };
        var json = new Option<bool>("--json") { Description = "The lines as they were written." };
        var command = new Command("logs", "Show the processes' logs.") { name, follow, lines, grep, json };
        lines.Validators.Add(Whole);
        command.SetAction(async (parsed, ct) =>
        {
            var logs = LogsOf(cli.DataOf(parsed), parsed.GetValue(name));
            var view = new LogView(cli.Screen.Lines, logs.Select(l => l.Process));
            Action<LogLine> show = parsed.GetValue(json) ? line => cli.Screen.Print(line.Raw) : view.Show;
            var followers = logs.Select(l => new LogFollower(l.Process, l.Path, parsed.GetValue(lines), parsed.GetValue(grep))).ToList();
            await new LogStream(followers, parsed.GetValue(lines), show).RunAsync(parsed.GetValue(follow), ct);
            followers.ForEach(f => f.Dispose());
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Whole(OptionResult option)
    {
        if (option.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out var value) && value < 0)
        {
            option.AddError($"{option.Option.Name} must be 0 or more, and is {token.Value}.");
        }
    }

    private static List<(string Process, string Path)> LogsOf(DataFolder data, string? name)
    {
        var all = Directory.Exists(data.Logs)
            ? Directory.GetFiles(data.Logs, "*.log").Select(p => (Process: Path.GetFileNameWithoutExtension(p), Path: p)).Where(l => !l.Process.Contains('.')).OrderBy(l => l.Process, StringComparer.Ordinal).ToList()
            : [];
        if (all.Count == 0)
        {
            throw new Refusal($"there are no logs in {data.Logs}; start the fleet with ./argosy up{data.Option}", ExitCodes.NotRunning);
        }

        var chosen = name is null ? [.. all.Where(l => l.Path != data.LauncherLog)] : all.Where(l => l.Process == name).ToList();
        return chosen.Count > 0 ? chosen : throw new Refusal($"there is no log of {name}; there are {string.Join(", ", all.Select(l => l.Process))}");
    }
}
