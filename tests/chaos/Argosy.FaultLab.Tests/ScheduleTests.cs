using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What a nemesis does is settled before it begins, by its seed.</summary>
public sealed class ScheduleTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);
    private static readonly string[] Services = ["gateway", "auth-service", "order-service", "payment-service"];
    private static readonly Breakables Everything = new(
        Services, ["postgresql", "rabbitmq", "redis"],
        [.. Services.SelectMany(from => Services.Where(to => to != from).Select(to => new LinkName(from, to)))], ["order-service"], Services);

    [Fact]
    public void The_same_seed_does_the_same_and_another_one_something_else()
    {
        Describe(7).ShouldBe(Describe(7));
        Describe(7).ShouldNotBe(Describe(8));
    }

    [Fact]
    public void Two_faults_never_take_hold_of_the_same_thing_at_once_and_nothing_outlasts_the_run()
    {
        foreach (var schedule in Enumerable.Range(1, 300).Select(Draw))
        {
            foreach (var one in schedule)
            {
                one.At.ShouldBeGreaterThanOrEqualTo(TimeSpan.Zero);
                one.End.ShouldBeLessThanOrEqualTo(Length);
                schedule.Where(other => other != one && other.At < one.End && one.At < other.End)
                    .ShouldAllBe(other => !other.Fault.Touches.Intersect(one.Fault.Touches).Any());
            }
        }
    }

    [Fact]
    public void Whoever_is_stopped_stands_still_for_5_to_30_seconds()
    {
        var halts = Enumerable.Range(1, 300).SelectMany(Draw).Where(a => a.Fault is Halt).Select(a => a.For.TotalSeconds).ToList();

        halts.ShouldAllBe(seconds => seconds >= 5 && seconds <= 30);
        halts.Max().ShouldBeGreaterThan(25);
    }

    [Fact]
    public void Over_many_seeds_everything_happens_faults_overlap_and_some_time_is_quiet()
    {
        var all = Enumerable.Range(1, 300).Select(Draw).ToList();

        string[] kinds = [.. all.SelectMany(schedule => schedule).Select(a => a.Fault.Name.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal)];
        kinds.ShouldBe(["clock", "cut", "deaf", "disk", "half-close", "key", "kill", "mute", "narrow", "provider", "redis", "resets", "restart", "silent", "slow", "stop", "webhook"]);
        all.Average(schedule => schedule.Count(one => schedule.Any(other => other != one && other.At < one.End && one.At < other.End))).ShouldBeGreaterThan(3);
        var quiet = all.Average(schedule => Enumerable.Range(0, 60).Count(second => !schedule.Any(a => a.At.TotalSeconds < second + 1 && a.End.TotalSeconds > second)));
        quiet.ShouldBeInRange(8, 40, "seconds of a minute in which nothing is broken");
    }

    private static IReadOnlyList<Appointment> Draw(int seed) => Schedule.Draw(seed, Length, Everything);

    private static string Describe(int seed) => string.Join('\n', Draw(seed));
}
