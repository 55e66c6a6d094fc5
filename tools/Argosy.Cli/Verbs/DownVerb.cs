using System.CommandLine;
using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Ends the fleet of a data folder, whoever started it, and returns when nothing of it is left.</summary>
internal static class DownVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static Command Create(CliContext cli)
    {
        var command = new Command("down", "Stop the fleet: the gateway first, then the services, then the payment provider.");
        command.SetAction((parsed, ct) => RunAsync(cli, cli.DataOf(parsed), ct));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, DataFolder data, CancellationToken ct)
    {
        if (!Directory.Exists(data.Root))
        {
            cli.Screen.Say($"nothing is running in {data.Root}");
            return ExitCodes.Done;
        }

        var reply = await AskToStopAsync(data, ct);
        using var held = await TakeLockAsync(data, reply, ct);
        var left = await Leftovers.EndAsync(data, new SupervisionPolicy().StopWithin, ct);
        if (reply?.Stopped is { } summary)
        {
            new StartupReport(cli.Screen, data).Stopped(summary);
        }
        else
        {
            cli.Screen.Say(left.Count == 0
                ? $"nothing is running in {data.Root}"
                : $"the launcher was gone; ended what it left behind: {string.Join(", ", left)}");
        }

        return ExitCodes.Done;
    }

    private static async Task<ControlReply?> AskToStopAsync(DataFolder data, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            return await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Stop), limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null; // it hangs, and is dealt with below
        }
    }

    // The lock is free when the launcher has ended. One that neither answers nor ends is killed; its children hear that.
    private static async Task<FleetLock> TakeLockAsync(DataFolder data, ControlReply? reply, CancellationToken ct)
    {
        var began = Stopwatch.StartNew();
        while (true)
        {
            var holder = FleetLock.HolderOf(data);
            if (FleetLock.TryTake(data) is { } taken)
            {
                return taken;
            }

            if (reply is null && began.Elapsed > TimeSpan.FromSeconds(5) && holder is { } pid)
            {
                using var launcher = Process.GetProcessById(pid);
                launcher.Kill();
            }
            else if (began.Elapsed > Patience)
            {
                throw new Refusal($"the launcher (pid {holder}) doesn't end; end it with kill -9 {holder}, then run ./argosy down{data.Option} again");
            }

            await Task.Delay(Pause, ct);
        }
    }
}
