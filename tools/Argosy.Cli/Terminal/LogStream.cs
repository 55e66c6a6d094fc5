namespace Argosy.Cli.Terminal;

/// <summary>Several logs as one, in the order of their times: the last lines of all, then what comes.</summary>
internal sealed class LogStream(IReadOnlyList<LogFollower> followers, int lines, Action<LogLine> show)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(bool follow, CancellationToken ct)
    {
        ShowNew(lines);
        while (follow && !ct.IsCancellationRequested)
        {
            await Task.Delay(Pause, ct).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            ShowNew(int.MaxValue);
        }
    }

    // A line without a time (a runtime's last words, a stack trace) stays behind the line before it.
    private void ShowNew(int last)
    {
        var timed = followers.SelectMany(f => Timed(f.ReadNew()));
        foreach (var (line, _) in timed.OrderBy(l => l.At).TakeLast(last))
        {
            show(line);
        }
    }

    private static IEnumerable<(LogLine Line, DateTimeOffset At)> Timed(IReadOnlyList<LogLine> lines)
    {
        var last = DateTimeOffset.MinValue;
        foreach (var line in lines)
        {
            last = line.At ?? last;
            yield return (line, last);
        }
    }
}
