using Argosy.Chassis.Resilience;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

public sealed class UpstreamTests
{
    private readonly FakeTime _time = new();

    private static Instances Instances(int count = 1) => new("order-service", [.. Enumerable.Range(5104, count).Select(port => new Uri($"http://127.0.0.1:{port}/"))]);

    private UpstreamInstance Made() => new(Instances().All[0], _time);

    [Fact]
    public void An_address_has_no_slash_at_its_end() => Made().Prefix.ShouldBe("http://127.0.0.1:5104");

    [Fact]
    public void Requests_have_a_bound_and_streams_another()
    {
        var upstream = new Upstream(Instances(), _time);
        Enumerable.Range(0, Upstream.MaxRequests).ShouldAllBe(_ => upstream.TryEnter(false));
        upstream.TryEnter(false).ShouldBeFalse();
        Enumerable.Range(0, Upstream.MaxStreams).ShouldAllBe(_ => upstream.TryEnter(true));
        upstream.TryEnter(true).ShouldBeFalse();

        upstream.Leave(false);
        upstream.TryEnter(false).ShouldBeTrue();
        upstream.TryEnter(false).ShouldBeFalse();
    }

    [Fact]
    public void A_refused_connection_keeps_nobody_from_trying()
    {
        var upstream = Made();
        upstream.Note(Ended.Unreachable);
        upstream.IsReachable.ShouldBeFalse();
        upstream.MayTry().ShouldBeTrue();
        upstream.Note(Ended.Answered);
        upstream.IsReachable.ShouldBeTrue();
    }

    [Fact]
    public void After_a_silence_one_tries_each_second_until_somebody_answers()
    {
        var upstream = Made();
        upstream.Note(Ended.ConnectTimedOut);
        upstream.MayTry().ShouldBeFalse();

        _time.Advance(TimeSpan.FromSeconds(1));
        upstream.MayTry().ShouldBeTrue();
        upstream.MayTry().ShouldBeFalse();

        upstream.Note(Ended.ConnectTimedOut);
        _time.Advance(TimeSpan.FromSeconds(1));
        upstream.MayTry().ShouldBeTrue();
        upstream.Note(Ended.Answered);
        upstream.MayTry().ShouldBeTrue();
        upstream.MayTry().ShouldBeTrue();
    }

    [Theory]
    [InlineData(Ended.ClientGone)]
    [InlineData(Ended.BadBody)]
    [InlineData(Ended.TimedOut)]
    [InlineData(Ended.Truncated)]
    public void What_says_nothing_about_the_connection_changes_nothing(object ended)
    {
        var upstream = Made();
        upstream.Note(Ended.ConnectTimedOut);
        upstream.Note((Ended)ended);
        upstream.IsReachable.ShouldBeFalse();
        upstream.MayTry().ShouldBeFalse();
    }

    [Fact]
    public void Instances_are_asked_in_turn_and_those_that_are_not_ready_last()
    {
        var instances = Instances(3);
        var upstream = new Upstream(instances, _time);
        string[] Next() => [.. upstream.InTurn().Select(instance => instance.Prefix[^1..])];

        Enumerable.Range(0, 6).Select(_ => Next()[0]).GroupBy(first => first).ShouldAllBe(first => first.Count() == 2);

        instances.All[1].IsReady = false;
        for (var i = 0; i < 6; i++)
        {
            Next()[^1].ShouldBe("5");
        }
    }

    [Fact]
    public void A_silent_instance_is_left_out_and_the_others_are_asked()
    {
        var upstream = new Upstream(Instances(2), _time);
        upstream.InTurn().First(instance => instance.Prefix.EndsWith('4')).Note(Ended.ConnectTimedOut);

        upstream.InTurn().Select(instance => instance.Prefix[^1..]).ShouldBe(["5"]);
        upstream.IsReachable.ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        upstream.InTurn().Select(instance => instance.Prefix[^1..]).ShouldBe(["5", "4"]);
    }

    [Fact]
    public void Each_instance_has_a_door_and_a_name_that_stands_for_all_of_them_has_none()
    {
        var doors = new Upstream(Instances(2), _time).InTurn().Select(instance => instance.Door).ToList();

        doors.ShouldAllBe(door => door != null);
        doors.ShouldBeUnique();
        new Upstream(Instances(), _time, oneNameForAll: true).InTurn().ShouldAllBe(instance => instance.Door == null);
    }
}
