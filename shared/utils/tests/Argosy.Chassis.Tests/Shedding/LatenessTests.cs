using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Shedding;

public sealed class LatenessTests
{
    private readonly FakeTime _time = new();
    private readonly Queue<IThreadPoolWorkItem> _pool = new();
    private readonly Lateness _lateness;

    public LatenessTests() => _lateness = new Lateness(_time, _pool.Enqueue);

    [Fact]
    public void Who_is_asked_often_looks_at_most_every_50_ms()
    {
        for (var i = 0; i < 1000; i++)
        {
            _lateness.Refuse(Priority.Exports).ShouldBeNull();
            _time.Advance(TimeSpan.FromMilliseconds(1));
            while (_pool.TryDequeue(out var item))
            {
                item.Execute();
                _looks++;
            }
        }

        _looks.ShouldBeInRange(18, 20);
    }

    [Fact]
    public void A_pool_that_was_late_once_refuses_nobody()
    {
        Work(late: 100, times: 3);
        Work(late: 900, times: 1);

        Refused().ShouldBeEmpty();
    }

    [Fact]
    public void One_that_is_late_for_long_refuses_those_for_whom_it_is_too_late()
    {
        Work(late: 400, times: 5);

        Refused().ShouldBe([Priority.Exports, Priority.Reads]);
        Work(late: 10, times: 1);
        Refused().ShouldBeEmpty();
    }

    [Fact]
    public void One_that_does_not_come_back_at_all_is_late_all_the_same()
    {
        Work(late: 0, times: 1);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        _lateness.Refuse(Priority.Reads).ShouldBeNull();
        _time.Advance(TimeSpan.FromSeconds(2));

        Refused().ShouldBe([Priority.Exports, Priority.Reads, Priority.Checkout]);
    }

    [Fact]
    public void What_was_seen_before_a_quiet_time_says_nothing_about_now()
    {
        Work(late: 400, times: 5);
        _time.Advance(TimeSpan.FromMinutes(1));

        Refused().ShouldBeEmpty();
    }

    [Fact]
    public void A_refusal_is_a_503_of_the_draft_that_no_call_between_services_repeats()
    {
        Work(late: 400, times: 5);

        var problem = _lateness.Refuse(Priority.Reads)!;

        problem.Status.ShouldBe(503);
        problem.Type.ShouldBe("https://iana.org/assignments/http-problem-types#temporary-reduced-capacity");
        problem.RetryAfter!.Value.ShouldBeGreaterThan(new Argosy.Chassis.Resilience.CallOptions().LongestPause);
    }

    private int _looks;

    private void Work(int late, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            _lateness.Refuse(Priority.PaymentResults).ShouldBeNull();
            _time.Advance(TimeSpan.FromMilliseconds(late));
            _pool.Dequeue().Execute();
        }
    }

    private IEnumerable<Priority> Refused() => Enum.GetValues<Priority>().Where(priority => _lateness.Refuse(priority) is not null);
}
