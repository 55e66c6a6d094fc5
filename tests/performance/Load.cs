using System.Diagnostics;

namespace Argosy.Performance;

/// <summary>What a load run saw.</summary>
/// <param name="Latencies">Of those that succeeded; at a fixed rate counted from when each should have begun.</param>
/// <param name="Failures">Calls that threw or were refused, by what they said.</param>
/// <param name="Elapsed">From the first beginning to the last end.</param>
/// <param name="Late">How far behind its schedule the generator itself was at worst: over a few ms its figures are its own.</param>
internal sealed record LoadResult(Latencies Latencies, IReadOnlyDictionary<string, int> Failures, TimeSpan Elapsed, TimeSpan Late)
{
    public double PerSecond => Latencies.Count / Elapsed.TotalSeconds;

    public int Failed => Failures.Values.Sum();
}

/// <summary>
/// Makes load in two ways. <see cref="AtRateAsync"/> is an open model: each call begins when its time has come, whatever became of
/// the ones before it, and its latency counts from that time; a server that stalls is charged for everybody who came meanwhile (no
/// coordinated omission). <see cref="AtMostAsync"/> is closed: so many clients, each as fast as it is answered, for the maximum.
/// </summary>
internal static class Load
{
    private const int MostInFlight = 4096;

    public static Task<LoadResult> AtRateAsync(double perSecond, TimeSpan duration, Func<int, CancellationToken, Task> call, CancellationToken cancellation) =>
        OfferAtRateAsync(perSecond, duration, async (number, ct) =>
        {
            await call(number, ct);
            return null;
        }, cancellation);

    /// <summary>The same for calls many of which are to be refused: they say so, since an exception costs the machine more than the refusal.</summary>
    public static async Task<LoadResult> OfferAtRateAsync(double perSecond, TimeSpan duration, Func<int, CancellationToken, Task<string?>> call, CancellationToken cancellation)
    {
        var (tally, late) = (new Tally(), TimeSpan.Zero);
        var total = (int)(perSecond * duration.TotalSeconds);
        using var room = new SemaphoreSlim(MostInFlight, MostInFlight);
        var calls = new List<Task>(total);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < total; i++)
        {
            var due = TimeSpan.FromSeconds(i / perSecond);
            if (due - clock.Elapsed is { Ticks: > 0 } early)
            {
                await Task.Delay(early, cancellation);
            }

            if (!await room.WaitAsync(0, cancellation))
            {
                tally.Fail($"more than {MostInFlight} in flight");
                continue;
            }

            late = clock.Elapsed - due is var behind && behind > late ? behind : late;
            calls.Add(OneAsync(i, due));
        }

        await Task.WhenAll(calls);
        return new LoadResult(tally.Latencies, tally.Failures, clock.Elapsed, late);

        async Task OneAsync(int number, TimeSpan due)
        {
            await Task.Yield();
            if (await tally.TryAsync(() => call(number, cancellation)))
            {
                tally.Latencies.Add(clock.Elapsed - due);
            }

            room.Release();
        }
    }

    public static async Task<LoadResult> AtMostAsync(int clients, TimeSpan duration, Func<int, CancellationToken, Task> call, CancellationToken cancellation)
    {
        var tally = new Tally();
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(ClientAsync, cancellation)));
        return new LoadResult(tally.Latencies, tally.Failures, clock.Elapsed, TimeSpan.Zero);

        async Task ClientAsync()
        {
            while (clock.Elapsed < duration)
            {
                var began = clock.Elapsed;
                if (await tally.TryAsync(async () =>
                {
                    await call(Interlocked.Increment(ref next), cancellation);
                    return null;
                }))
                {
                    tally.Latencies.Add(clock.Elapsed - began);
                }
            }
        }
    }

    private sealed class Tally
    {
        private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);

        public Latencies Latencies { get; } = new();

        public IReadOnlyDictionary<string, int> Failures => _failures;

        public async Task<bool> TryAsync(Func<Task<string?>> call)
        {
            try
            {
                if (await call() is not { } refused)
                {
                    return true;
                }

                Fail(refused);
                return false;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException or TaskCanceledException { CancellationToken.IsCancellationRequested: false })
            {
                Fail(e.Message);
                return false;
            }
        }

        public void Fail(string what)
        {
            lock (_failures)
            {
                _failures[what] = _failures.GetValueOrDefault(what) + 1;
            }
        }
    }
}
