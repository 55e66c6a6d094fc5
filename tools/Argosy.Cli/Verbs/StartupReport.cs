using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <summary>Tells the person at the terminal how the fleet comes up, what crashes, and how it goes down.</summary>
internal sealed class StartupReport(Screen screen, DataFolder data)
{
    public const int NameWidth = 22;
    private const int ShownLines = 20;
    private const string OwnVoice = "argosy: ";
    private readonly Dictionary<string, ProcessState> _shown = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wereReady = new(StringComparer.Ordinal);
    private readonly Lock _showing = new();

    /// <param name="processes">How many there will be.</param>
    /// <param name="engines">What they stand on.</param>
    public void Begin(int processes, EngineNote engines)
    {
        screen.Messages.MarkupLine($"[bold]argosy {Product.Version}[/] · {processes} processes · {engines.Description}");
        foreach (var missing in engines.Missing)
        {
            screen.Messages.MarkupLine($"[yellow]![/] {missing.EscapeMarkup()}");
        }

        screen.Messages.MarkupLine("[green]✔[/] ports free");
    }

    public void Show(ProcessStatus now)
    {
        lock (_showing)
        {
            if (!_shown.TryGetValue(now.Name, out var before) || before != now.State)
            {
                Describe(now);
            }

            _shown[now.Name] = now.State;
        }
    }

    public void Ready(string gateway, TimeSpan after, bool foreground, bool noLimits)
    {
        var option = data.Option.EscapeMarkup();
        screen.Messages.MarkupLine($"[bold]Ready in {after.TotalSeconds:0.0} s.[/]\n");
        if (noLimits)
        {
            screen.Messages.MarkupLine("[yellow bold]! NOTHING IS LIMITED (--no-limits): whoever reaches the gateway may ask as often as they like.[/]\n");
        }

        screen.Lines.MarkupLine($"  Gateway   [link]{gateway}[/]");
        screen.Lines.MarkupLine($"  Data      {data.Root.EscapeMarkup()}");
        screen.Lines.MarkupLine($"  Try       ./argosy demo{option}");
        screen.Lines.MarkupLine($"  Logs      ./argosy logs -f order-service{option}");
        screen.Lines.MarkupLine($"  Stop      {(foreground ? "Ctrl-C" : $"./argosy down{option}")}\n");
    }

    public void Stopping() => screen.Say("Stopping… (Ctrl-C again to kill)");

    public void Stopped(StopSummary summary)
    {
        var killed = summary.Killed.Count == 0 ? "0 killed" : $"{summary.Killed.Count} killed ({string.Join(", ", summary.Killed)})";
        screen.Say($"{summary.Stopped} processes ended, {killed}");
    }

    /// <summary>Whose fault it is that the fleet didn't start: its own sentence if it left one, its last lines if not.</summary>
    public int Failed(StartFailure failure)
    {
        var log = data.LogOf(failure.Process);
        var tail = LogTail.Of(log, ShownLines);
        if (failure.IsConfiguration && tail.LastOrDefault(l => l.StartsWith(OwnVoice, StringComparison.Ordinal)) is { } sentence)
        {
            screen.Say(sentence);
            return ExitCodes.Failed;
        }

        screen.Say($"{OwnVoice}{failure.Process} {failure.How}; its last {tail.Count} lines, from {log}:");
        foreach (var line in tail)
        {
            screen.Messages.MarkupLine(LogLine.Read(failure.Process, line).Markup(failure.Process.Length, Color.Red));
        }

        return ExitCodes.Failed;
    }

    private void Describe(ProcessStatus now)
    {
        switch (now.State)
        {
            case ProcessState.Running when _wereReady.Add(now.Name):
                var where = now.Name == Catalog.Gateway ? now.Url : $":{now.Port}";
                screen.Messages.MarkupLine($"  {now.Name,-NameWidth}[green]ready[/]  {now.ReadySeconds,5:0.0} s  {where}");
                break;
            case ProcessState.Running:
                screen.Messages.MarkupLine($"[green]✔[/] {now.Name} is ready again after {now.ReadySeconds:0.0} s (pid {now.Pid})");
                break;
            case ProcessState.Backoff:
                screen.Messages.MarkupLine($"[yellow]![/] {now.Name} {now.LastExit.EscapeMarkup()}; it is started again (restart {now.Restarts + 1})");
                break;
        }
    }
}
