using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// When the process ends. The protocol:
/// <list type="number">
/// <item>SIGTERM, Ctrl-C, or the end of standard input where the launcher holds it.</item>
/// <item>/ready answers 503, and for the drain delay everything else goes on: balancers need time to notice. Each answer is the last on its
/// connection: one that is closed later, when it seems idle, may be closed under a request.</item>
/// <item>The host stops: no new connections, requests and messages under way finish, within the host's shutdown timeout.</item>
/// <item>A second signal ends the process at once.</item>
/// </list>
/// Under a launcher Ctrl-C is not for us: it reaches the whole process group, and the launcher stops services in its own order.
/// </summary>
internal sealed partial class ProcessLifetime(
    ServiceOptions options, IHostApplicationLifetime host, TimeProvider time, ILogger<ProcessLifetime> log) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _draining;
    private int _asked;

    /// <summary>The process takes no new work any more.</summary>
    public bool IsDraining => Volatile.Read(ref _draining) > 0;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, options.ExitWithStdin ? static c => c.Cancel = true : OnSignal));
        if (options.ExitWithStdin)
        {
            _ = StandardStreams.InputEnded().ContinueWith(
                _ => Stop("the end of standard input"), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(s => s.Dispose());

    // Who sends a second signal means now: it keeps its own effect.
    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = Interlocked.Increment(ref _asked) == 1;
        Stop(context.Signal.ToString());
    }

    private void Stop(string why)
    {
        if (Interlocked.Exchange(ref _draining, 1) == 0)
        {
            LogStopping(why);
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        if (options.DrainDelay > TimeSpan.Zero)
        {
            await Task.Delay(options.DrainDelay, time, host.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        host.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping because of {Cause}")]
    private partial void LogStopping(string cause);
}
