using System.Globalization;
using Argosy.FaultLab.Experiments.Probes;

namespace Argosy.FaultLab.Experiments;

/// <summary>What became of a probe.</summary>
/// <param name="Probe">Which.</param>
/// <param name="Asked">How often it was asked.</param>
/// <param name="Failure">When it failed and what was seen; null where it didn't.</param>
internal sealed record ProbeOutcome(Probe Probe, int Asked, string? Failure)
{
    public bool Passed => Asked >= (Probe.Mode == ProbeMode.Edge ? 2 : 1) && Failure is null;
}

/// <summary>
/// An experiment's probes, as Litmus asks them: once before and once afterwards, or again and again until the first failure. A probe
/// that was never asked hasn't passed. Whoever is being asked when the time is over is heard to the end; only <c>OnChaos</c>, which is about
/// the time in which something is done, is judged by what was seen until then.
/// </summary>
/// <param name="probes">All of them.</param>
/// <param name="surroundings">What they look at.</param>
/// <param name="say">Where it is told, a line each.</param>
/// <param name="abort">Called where a probe fails that is to stop the experiment, as long as there is something to be stopped.</param>
internal sealed class SteadyState(IReadOnlyList<Probe> probes, Surroundings surroundings, Action<string> say, Action abort) : IDisposable
{
    private const string Before = "before", During = "during", After = "after";

    private readonly ProbeOutcome[] _outcomes = [.. probes.Select(probe => new ProbeOutcome(probe, 0, null))];
    private readonly List<Task> _polling = [];
    private readonly CancellationTokenSource _chaosIsOver = new();
    private readonly CancellationTokenSource _duringIsOver = new();

    public IReadOnlyList<ProbeOutcome> Outcomes => _outcomes;

    public async Task BeforeAsync(CancellationToken ct)
    {
        await OnceAsync(Before, [ProbeMode.SOT, ProbeMode.Edge], ct);
        Poll(ProbeMode.Continuous, _duringIsOver.Token, ct);
    }

    /// <summary>Something is done from now on, for so long.</summary>
    public void Begin(TimeSpan length, CancellationToken ct)
    {
        _chaosIsOver.CancelAfter(length);
        Poll(ProbeMode.OnChaos, _chaosIsOver.Token, ct);
    }

    public async Task AfterAsync(CancellationToken ct)
    {
        await EndAsync();
        ct.ThrowIfCancellationRequested();
        await OnceAsync(After, [ProbeMode.EOT, ProbeMode.Edge], ct);
    }

    /// <summary>No more of those that ask again and again; what they found is told.</summary>
    public async Task EndAsync()
    {
        await _chaosIsOver.CancelAsync();
        await _duringIsOver.CancelAsync();
        await Task.WhenAll(_polling);
        if (_polling.Count > 0)
        {
            _polling.Clear();
            foreach (var outcome in _outcomes.Where(outcome => outcome.Probe.Mode is ProbeMode.Continuous or ProbeMode.OnChaos && outcome.Failure is null))
            {
                say(string.Create(CultureInfo.InvariantCulture, $"  {During} {(outcome.Passed ? '✔' : '✘')} {outcome.Probe.Name} ({outcome.Probe.Type}): expected {outcome.Probe.Check.Expected}, and so it was {outcome.Asked} times"));
            }
        }
    }

    public void Dispose()
    {
        _chaosIsOver.Dispose();
        _duringIsOver.Dispose();
    }

    private async Task OnceAsync(string when, ProbeMode[] modes, CancellationToken ct)
    {
        for (var i = 0; i < probes.Count; i++)
        {
            if (modes.Contains(probes[i].Mode))
            {
                await Task.Delay(probes[i].Run.InitialDelay, ct);
                var seen = (await AskAsync(probes[i], CancellationToken.None, ct))!;
                Note(i, when, seen, isTold: true);
                if (when == Before && !seen.Holds && probes[i].Run.StopOnFailure)
                {
                    abort();
                }

                ct.ThrowIfCancellationRequested();
            }
        }
    }

    private void Poll(ProbeMode mode, CancellationToken over, CancellationToken ct)
    {
        for (var i = 0; i < probes.Count; i++)
        {
            if (probes[i].Mode == mode)
            {
                _polling.Add(PollAsync(i, over, ct));
            }
        }
    }

    private async Task PollAsync(int index, CancellationToken over, CancellationToken ct)
    {
        var probe = probes[index];
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, over);
        try
        {
            await Task.Delay(probe.Run.InitialDelay, either.Token);
            while (true)
            {
                if (await AskAsync(probe, probe.Mode == ProbeMode.OnChaos ? over : CancellationToken.None, ct) is not { } seen)
                {
                    return;
                }

                Note(index, During, seen, isTold: !seen.Holds);
                if (!seen.Holds)
                {
                    if (probe.Run.StopOnFailure)
                    {
                        abort();
                    }

                    return;
                }

                await Task.Delay(probe.Run.Polling, either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // that is how it ends
        }
    }

    // What is seen when it is over is not about it: then the last look before counts, and where there was none, null.
    private async Task<Seen?> AskAsync(Probe probe, CancellationToken over, CancellationToken ct)
    {
        Seen? last = null;
        for (var left = probe.Run.Attempts; ; left--)
        {
            var seen = await LookAsync(probe, ct);
            if (over.IsCancellationRequested)
            {
                return last;
            }

            if (seen.Holds || left <= 1)
            {
                return seen;
            }

            last = seen;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(over, ct);
            await Task.Delay(probe.Run.Interval, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task<Seen> LookAsync(Probe probe, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(probe.Run.Timeout);
        try
        {
            return await probe.Check.LookAsync(surroundings, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new Seen(Holds: false, string.Create(CultureInfo.InvariantCulture, $"nothing within {probe.Run.Timeout.TotalSeconds:0.###} s"));
        }
    }

    private void Note(int index, string when, Seen seen, bool isTold)
    {
        var probe = probes[index];
        var outcome = _outcomes[index];
        _outcomes[index] = outcome with
        {
            Asked = outcome.Asked + 1,
            Failure = outcome.Failure ?? (seen.Holds ? null : $"{when}: expected {probe.Check.Expected}, saw {seen.Actual}"),
        };
        if (isTold)
        {
            say($"  {when,-6} {(seen.Holds ? '✔' : '✘')} {probe.Name} ({probe.Type}): expected {probe.Check.Expected}, saw {seen.Actual}");
        }
    }
}
