using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

public sealed class UpstreamTests
{
    private readonly FakeTime _time = new();

    private Upstream Made() => new("order-service", new Uri("http://127.0.0.1:5104/"), _time);

    [Fact]
    public void An_address_has_no_slash_at_its_end() => Made().Prefix.ShouldBe("http://127.0.0.1:5104");

    [Fact]
    public void Requests_have_a_bound_and_streams_another()
    {
        var upstream = Made();
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
}
