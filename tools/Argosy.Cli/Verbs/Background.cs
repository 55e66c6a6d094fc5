using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>
/// `up --detach`: starts the launcher as a process that outlives this shell, shows how the fleet comes up, and returns when all are
/// ready or when the launcher gave up.
/// </summary>
internal sealed class Background(CliContext cli, UpOptions options)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);
    private readonly ControlClient _control = new(options.Data);

    public async Task<int> StartAsync(CancellationToken ct)
    {
        if (await AskAsync(ControlVerb.Status, ct) is not null)
        {
            throw Launch.Running(options.Data);
        }

        options.Data.Create();
        LogFile.Rotate(options.Data.LauncherLog);
        using var launcher = Process.Start(Command())!;
        try
        {
            return await WatchAsync(launcher, ct);
        }
        catch (OperationCanceledException)
        {
            using var limit = new CancellationTokenSource(StopWithin);
            await AskAsync(ControlVerb.Stop, limit.Token);
            await launcher.WaitForExitAsync(limit.Token);
            throw;
        }
    }

    private async Task<int> WatchAsync(Process launcher, CancellationToken ct)
    {
        var report = new StartupReport(cli.Screen, options.Data);
        var begun = false;
        while (!launcher.HasExited)
        {
            if (await AskAsync(ControlVerb.Status, ct) is { } reply)
            {
                if (!begun)
                {
                    report.Begin(reply.Processes.Count, reply.Engines);
                    begun = true;
                }

                foreach (var process in reply.Processes)
                {
                    report.Show(process);
                }

                if (reply.Started is { } after)
                {
                    report.Ready(reply.Processes.First(p => p.Name == Catalog.Gateway).Url, after, foreground: false, options.NoLimits);
                    return ExitCodes.Done;
                }
            }

            await Task.Delay(Pause, ct);
        }

        // Whatever it had to say is in its log, which began with this start.
        cli.Screen.Say((await File.ReadAllTextAsync(options.Data.LauncherLog, ct)).TrimEnd());
        return launcher.ExitCode == ExitCodes.Done ? ExitCodes.Failed : launcher.ExitCode;
    }

    private Task<ControlReply?> AskAsync(ControlVerb verb, CancellationToken ct) => _control.AskAsync(new ControlRequest(verb), ct);

    private ProcessStartInfo Command()
    {
        List<string> words = [DotnetHost.Path, typeof(Background).Assembly.Location, "up", "--background", $"{options.Began.ToUnixTimeMilliseconds()}", "--data", options.Data.Root,
            "--timeout", $"{options.ReadyWithin.TotalSeconds:0}"];
        if (options.Isolated)
        {
            words.Add("--isolated");
        }

        if (options.Engines is { } engines)
        {
            words.AddRange(["--engines", engines]);
        }

        if (options.Instances is { } instances)
        {
            words.AddRange(["--instances", instances]);
        }

        if (options.NoLimits)
        {
            words.Add("--no-limits");
        }

        // The shell lets go of this terminal's streams, or whoever reads this command's output would wait for the fleet's end.
        if (OperatingSystem.IsWindows())
        {
            var line = string.Join(' ', words.Select(w => $"\"{w}\""));
            return new ProcessStartInfo("cmd.exe", $"/s /c \"{line} >> \"{options.Data.LauncherLog}\" 2>&1 < nul\"") { CreateNoWindow = true };
        }

        return new ProcessStartInfo("/bin/sh", ["-c", "log=$0; exec \"$@\" >>\"$log\" 2>&1 </dev/null", options.Data.LauncherLog, .. words]);
    }
}
