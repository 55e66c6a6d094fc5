using System.Globalization;
using Argosy.Checker.History;
using Argosy.Cli.Terminal;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Experiments.Probes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Experiments;

/// <summary>
/// One experiment on a fleet that is being used:
/// <list type="number">
/// <item>Probes look whether all is as it should be.</item>
/// <item>It is done for as long as it is meant to be; other probes look meanwhile.</item>
/// <item>It is undone, and probes look again.</item>
/// </list>
/// Whoever interrupts it, or a probe that is to stop it, has it undone at once.
/// </summary>
internal sealed class ExperimentRun(LabFleet fleet, HistoryWriter history, Surroundings surroundings, Screen screen, ChaosEngine engine, Experiment experiment)
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    public async Task<ExperimentResult> RunAsync(CancellationToken ct)
    {
        var chaos = experiment.Chaos;
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"{engine.Name}: {experiment.Kind} of {engine.Target}, {chaos.What}, for {chaos.Length.TotalSeconds:0.#} s"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var steady = new SteadyState(experiment.Probes, surroundings, screen.Say, stop.Cancel);
        try
        {
            await steady.BeforeAsync(stop.Token);
            await Task.Delay(chaos.Ramp, stop.Token);
            steady.Begin(chaos.Length, stop.Token);
            var (before, nothing) = (chaos.TraceOn(fleet), new List<string>());
            await InflictAsync(stop.Token);
            screen.Say($"  done     {chaos.TraceOn(fleet)}, and before: {before}");
            if (chaos.TraceOn(fleet) == before)
            {
                nothing.Add($"nothing was done by it in all that time: {before}");
            }

            await Task.Delay(chaos.Ramp, stop.Token);
            await steady.AfterAsync(stop.Token);
            List<string> findings = [.. nothing, .. await fleet.NotReadyAsync(ReadyWithin, stop.Token)];
            return new ExperimentResult(engine, experiment, findings.Count == 0 && steady.Outcomes.All(outcome => outcome.Passed) ? Verdict.Pass : Verdict.Fail, steady.Outcomes, findings);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await steady.EndAsync();
            var why = ct.IsCancellationRequested ? "it was interrupted" : "a probe failed that is to stop it (stopOnFailure)";
            screen.Say($"{engine.Name}: {why}; whatever was done is undone");
            return new ExperimentResult(engine, experiment, Verdict.Stopped, steady.Outcomes, [why]);
        }
        finally
        {
            await steady.EndAsync();
        }
    }

    private async Task InflictAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(experiment.Chaos.Length);
        history.FaultBegins(experiment.Kind, engine.Target, TimeProvider.System.GetUtcNow());
        try
        {
            await experiment.Chaos.On(fleet).InflictAsync(fleet, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // that is how it ends
        }
        finally
        {
            history.FaultEnds(experiment.Kind, engine.Target, TimeProvider.System.GetUtcNow());
        }

        stop.ThrowIfCancellationRequested();
    }
}
