using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Shedding;

public sealed class GateTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly Gate _gate;

    public GateTests() => _gate = new Gate(_time, places: 1, mostWaiting: 4);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Who_finds_a_place_does_not_wait()
    {
        Enter(Priority.Exports).Result.ShouldBeTrue();
        _time.Waiting.ShouldBe(0, "no timer runs while nobody waits");
        Enter(Priority.PaymentResults).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public void A_free_place_goes_to_the_highest_class_and_there_to_who_came_first()
    {
        Take(Priority.Reads);
        var (read, order, later) = (Enter(Priority.Reads), Enter(Priority.Checkout), Enter(Priority.Checkout));

        _gate.Leave();
        (read.IsCompleted, order.IsCompleted, later.IsCompleted).ShouldBe((false, true, false));
        _gate.Leave();
        (read.IsCompleted, later.IsCompleted).ShouldBe((false, true));
        _gate.Leave();
        read.Result.ShouldBeTrue();
    }

    [Fact]
    public void A_burst_may_wait_and_a_queue_that_stands_may_not_lowest_class_first()
    {
        Take(Priority.Reads);
        var (export, read, order) = (Enter(Priority.Exports), Enter(Priority.Reads), Enter(Priority.Checkout));
        _time.Advance(Patience.Interval - TimeSpan.FromMilliseconds(100));
        new[] { export, read, order }.ShouldAllBe(waiter => !waiter.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(100));
        new[] { export, read, order }.ShouldAllBe(waiter => waiter.IsCompleted && !waiter.Result, "nothing moved for the whole interval");

        Take(Priority.PaymentResults);     // keeps the queue standing
        _time.Advance(Patience.Interval);
        (export, read, order) = (Enter(Priority.Exports), Enter(Priority.Reads), Enter(Priority.Checkout));
        foreach (var (waiter, patience) in new[] { (export, 150), (read, 300), (order, 600) })
        {
            // This far with nobody leaving: the timer alone finds who is too old.
            waiter.IsCompleted.ShouldBeFalse();
            AdvanceTo(patience);
            waiter.Result.ShouldBeFalse();
        }
    }

    [Fact]
    public void In_a_full_queue_a_lower_class_makes_room_and_otherwise_the_newcomer_is_refused()
    {
        Take(Priority.Reads);
        var waiting = new[] { Enter(Priority.Reads), Enter(Priority.Checkout), Enter(Priority.Exports), Enter(Priority.Checkout) };

        Enter(Priority.Exports).Result.ShouldBeFalse();
        Enter(Priority.Checkout).IsCompleted.ShouldBeFalse();
        waiting.Select(waiter => waiter.IsCompleted).ShouldBe([false, false, true, false]);
        Enter(Priority.PaymentResults).IsCompleted.ShouldBeFalse();
        waiting.Select(waiter => waiter.IsCompleted).ShouldBe([true, false, true, false]);
        Enter(Priority.Reads).Result.ShouldBeFalse();
    }

    [Fact]
    public void Who_has_left_takes_no_place()
    {
        Take(Priority.Reads);
        using var gone = new CancellationTokenSource();
        var left = _gate.EnterAsync(Priority.Reads, gone.Token).AsTask();
        var next = Enter(Priority.Reads);
        gone.Cancel();

        _gate.Leave();

        left.IsCanceled.ShouldBeTrue();
        next.Result.ShouldBeTrue();
        _gate.Leave();
        Enter(Priority.Reads).Result.ShouldBeTrue();
    }

    private enum Do
    {
        Enter,
        GoAway,
        Leave,
        Pass,
    }

    [Fact]
    public void Whatever_happens_places_are_neither_lost_nor_made_and_nobody_waits_too_long()
    {
        var step = from what in Gen.Elements(Do.Enter, Do.Enter, Do.Enter, Do.Leave, Do.Leave, Do.Pass, Do.GoAway)
                   from number in Gen.Choose(0, 3)
                   select (What: what, Number: number);
        Property.Holds(Gen.ListOf(step).ToArbitrary(), steps => Run([.. steps]), count: 300);
    }

    private static void Run(IReadOnlyList<(Do What, int Number)> steps)
    {
        const int Places = 2;
        var time = new FakeTime();
        using var gate = new Gate(time, Places, mostWaiting: 8);
        var all = new List<(Task<bool> Entered, Priority Priority, long At, CancellationTokenSource Gone)>();
        var left = 0;
        foreach (var (what, number) in steps)
        {
            switch (what)
            {
                case Do.Enter:
                    var gone = new CancellationTokenSource();
                    all.Add((gate.EnterAsync((Priority)number, gone.Token).AsTask(), (Priority)number, time.GetTimestamp(), gone));
                    break;
                case Do.GoAway when all.Find(one => !one.Entered.IsCompleted) is { Gone: { } impatient }:
                    impatient.Cancel();
                    break;
                case Do.Leave when InWork() > 0:
                    left++;
                    gate.Leave();
                    break;
                default:
                    time.Advance(TimeSpan.FromMilliseconds(number * 200));
                    break;
            }

            InWork().ShouldBeLessThanOrEqualTo(Places);
            var waiting = all.Where(one => !one.Entered.IsCompleted).ToList();
            waiting.Count.ShouldBeLessThanOrEqualTo(8);
            (waiting.Count == 0 || InWork() == Places).ShouldBeTrue("nobody waits beside a free place");
            waiting.ShouldAllBe(one => time.GetElapsedTime(one.At) < Patience.Of(one.Priority, false) + TimeSpan.FromMilliseconds(50));
        }

        while (InWork() > 0)
        {
            left++;
            gate.Leave();
        }

        all.ShouldAllBe(one => one.Entered.IsCompleted);
        all.ForEach(one => one.Gone.Dispose());

        int InWork() => all.Count(one => one.Entered is { IsCompletedSuccessfully: true, Result: true }) - left;
    }

    private long _advanced;

    private void AdvanceTo(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds - _advanced));
        _advanced = milliseconds;
    }

    private void Take(Priority priority) => _ = Enter(priority);

    private Task<bool> Enter(Priority priority) => _gate.EnterAsync(priority, CancellationToken.None).AsTask();
}
