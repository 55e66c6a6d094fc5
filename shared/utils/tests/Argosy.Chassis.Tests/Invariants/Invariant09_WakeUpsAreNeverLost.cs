using Argosy.Chassis.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// The poll that would hide a lost wake-up never comes here: its clock stands still. That a wake-up takes less than 50 ms is a figure
/// and not a law on a machine that is busy; the counts are.
/// </summary>
public sealed class Invariant09_WakeUpsAreNeverLost
{
    private const int Races = 10_000;

    [Fact]
    public async Task No_wake_up_is_lost_in_ten_thousand_races_between_publishing_and_going_to_sleep()
    {
        var (signal, still) = (new Signal(), new FakeTime());
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var (published, seen) = (0, 0);
        var sleeper = Task.Run(async () =>
        {
            while (seen < Races)
            {
                // As a relay does: note the version, look, sleep.
                var version = signal.Version;
                if (Volatile.Read(ref published) > seen)
                {
                    Volatile.Write(ref seen, seen + 1);
                    continue;
                }

                await signal.WaitAsync(version, TimeSpan.FromSeconds(1), still, deadline.Token);
            }
        });
        var chance = new Random(9);
        for (var i = 0; i < Races; i++)
        {
            // The sleeper is somewhere between its last look and its sleep, or sleeps already.
            Thread.SpinWait(chance.Next(300));
            Interlocked.Increment(ref published);
            signal.Set();
            while (Volatile.Read(ref seen) <= i)
            {
                // Nothing else will wake it: the next word comes only after this one was heard.
                deadline.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        await sleeper.WaitAsync(deadline.Token);
        still.Waiting.ShouldBe(0, "who was woken leaves no timer behind");
    }

    [Fact]
    public async Task Twenty_sleepers_are_all_woken_by_one_word()
    {
        var (signal, still) = (new Signal(), new FakeTime());
        var sleepers = Enumerable.Range(0, 20).Select(_ => signal.WaitAsync(0, TimeSpan.FromHours(1), still, CancellationToken.None)).ToArray();
        still.Waiting.ShouldBe(20);

        signal.Set();

        await Task.WhenAll(sleepers).WaitAsync(TimeSpan.FromSeconds(20));
        still.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task A_sleeper_whose_wake_up_never_comes_looks_again_after_its_interval()
    {
        var (signal, time) = (new Signal(), new FakeTime());
        var sleeper = signal.WaitAsync(0, TimeSpan.FromSeconds(1), time, CancellationToken.None);
        time.Advance(TimeSpan.FromMilliseconds(999));
        sleeper.IsCompleted.ShouldBeFalse();

        time.Advance(TimeSpan.FromMilliseconds(1));

        await sleeper.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
