using Argosy.FaultLab.Experiments;
using Argosy.FaultLab.Experiments.Probes;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.Experiments;

/// <summary>A probe that is to stop the experiment where it fails stops it before anything is done, too.</summary>
public sealed class SteadyStateTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SOT", true)]
    [InlineData("Edge", true)]
    [InlineData("SOT", false)]
    public async Task What_fails_before_stops_it_where_it_is_to(string mode, bool isToStop)
    {
        var aborted = 0;
        using var steady = new SteadyState([ProbeOf(mode, isToStop)], surroundings: null!, _ => { }, () => aborted++);

        await steady.BeforeAsync(Ct);

        aborted.ShouldBe(isToStop ? 1 : 0);
        steady.Outcomes.Single().Failure.ShouldBe("before: expected light, saw darkness");
    }

    [Fact]
    public async Task What_fails_afterwards_has_nothing_to_stop()
    {
        var aborted = 0;
        using var steady = new SteadyState([ProbeOf("EOT", isToStop: true)], surroundings: null!, _ => { }, () => aborted++);
        await steady.BeforeAsync(Ct);

        await steady.AfterAsync(Ct);

        aborted.ShouldBe(0);
        steady.Outcomes.Single().Failure.ShouldBe("after: expected light, saw darkness");
    }

    private static Probe ProbeOf(string mode, bool isToStop) => new(
        "lamp", "cmdProbe", Enum.Parse<ProbeMode>(mode), new RunProperties(TimeSpan.FromSeconds(30), TimeSpan.Zero, 1, TimeSpan.Zero, TimeSpan.Zero, isToStop), new Darkness());

    private sealed class Darkness : ICheck
    {
        public string Expected => "light";

        public Task<Seen> LookAsync(Surroundings surroundings, CancellationToken ct) => Task.FromResult(new Seen(Holds: false, "darkness"));
    }
}
