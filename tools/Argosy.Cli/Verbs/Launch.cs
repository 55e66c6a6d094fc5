using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Verbs;

/// <summary>The life of a fleet from its first port check to its last process: what `up` is.</summary>
internal sealed class Launch(CliContext cli, UpOptions options)
{
    public static Refusal Running(DataFolder data) =>
        new($"already running in {data.Root} (pid {FleetLock.HolderOf(data)}, {new StateFile(data.State).Read()?.Gateway}); "
            + $"see ./argosy status{data.Option}, end it with ./argosy down{data.Option}");

    public async Task<int> RunAsync(bool foreground)
    {
        if (!foreground && !OperatingSystem.IsWindows())
        {
            Unix.LeaveTerminal();
        }

        options.Data.Create();
        using var held = FleetLock.TryTake(options.Data) ?? throw Running(options.Data);
        var policy = new SupervisionPolicy { ReadyWithin = options.ReadyWithin };
        await Leftovers.EndAsync(options.Data, policy.StopWithin, cli.Interrupts.Stop);
        var (engines, plans) = await Blueprint.DrawAsync(cli.Repository, options, cli.Interrupts.Stop);
        var report = new StartupReport(cli.Screen, options.Data);
        var lines = new LogView(cli.Screen.Lines, plans.Select(p => p.Name));
        using var fleet = new Fleet(plans, options.Data, policy, cli.Time)
        {
            Changed = report.Show,
            Provision = engines.ProvisionAsync,
            Said = foreground ? lines.ShowNoteworthy : null,
        };
        var control = new FleetControl(fleet, engines.Note);
        await using var server = new ControlServer(options.Data, control.AnswerAsync);
        using var listed = Enlist();
        if (foreground)
        {
            report.Begin(plans.Count, engines.Note);
        }

        var failure = await StartAndStayAsync(fleet, control, after =>
        {
            lines.Open();
            report.Ready(plans.First(p => p.Name == Catalog.Gateway).Url, after, foreground, options.NoLimits);
        });
        if (failure is null)
        {
            report.Stopping();
        }

        var summary = await fleet.StopAsync(failure is null ? cli.Interrupts.Kill : new CancellationToken(canceled: true));
        control.HasStopped(summary);
        if (failure is not null)
        {
            return report.Failed(failure);
        }

        report.Stopped(summary);
        return ExitCodes.Done;
    }

    // For `status --all`. A home that can't be written is no reason not to start.
    private IDisposable? Enlist()
    {
        try
        {
            return FleetRegistry.OfUser().Enter(options.Data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            cli.Screen.Say($"argosy: ./argosy status --all won't show this fleet: {e.Message}");
            return null;
        }
    }

    /// <summary>Returns when the fleet is to stop: because it didn't start, or because somebody asked.</summary>
    private async Task<StartFailure?> StartAndStayAsync(Fleet fleet, FleetControl control, Action<TimeSpan> ready)
    {
        try
        {
            var asked = control.StopAsked.WaitAsync(cli.Interrupts.Stop);
            var starting = fleet.StartAsync(cli.Interrupts.Stop);
            if (await Task.WhenAny(starting, asked) == starting)
            {
                if (await starting is { } failure)
                {
                    return failure;
                }

                // Measured here, once: whoever watches from another process shows the same figure.
                var after = cli.Time.GetUtcNow() - options.Began;
                control.HasStarted(after);
                ready(after);
            }

            await asked;
        }
        catch (OperationCanceledException) when (cli.Interrupts.Stop.IsCancellationRequested)
        {
            // Ctrl-C is how one asks here
        }

        return null;
    }
}
