using Argosy.Mesh.Routing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Mesh.Tests;

public class SegmentPatternTests
{
    private static readonly string[] Pieces = ["/", "a", "b", "[^/]+", "/a", "stream", "-"];

    [Fact]
    public void It_matches_what_the_engine_matches()
    {
        var (matched, simple) = (0, 0);
        var pattern = Gen.Elements(Pieces).ListOf().Select(string.Concat);
        var text = Gen.Elements("/", "a", "b", "/a", "stream", "-", "\n").ListOf().Select(string.Concat);
        var both = pattern.SelectMany(p => Gen.OneOf(text, Gen.Constant(p.Replace("[^/]+", "b", StringComparison.Ordinal))).Select(t => (p, t)));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5_000), Prop.ForAll(Arb.From(both), pair =>
        {
            if (SegmentPattern.TryCreate(pair.p) is not { } segments)
            {
                return true;
            }

            simple++;
            var expected = Re2.Whole(pair.p).IsMatch(pair.t);
            matched += expected ? 1 : 0;
            return segments.Matches(pair.t) == expected;
        }));
        simple.ShouldBeGreaterThan(500);
        matched.ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("/orders/[^/]+/stream", true)]
    [InlineData("/orders/[^/]+", true)]
    [InlineData("/orders/[^/]+x", false)]
    [InlineData("/orders/[^/]+[^/]+", false)]
    [InlineData("/orders/.*", false)]
    [InlineData("/orders/v1.0", false)]
    public void It_takes_only_expressions_with_one_way_to_read_them(string regex, bool taken)
        => (SegmentPattern.TryCreate(regex) is not null).ShouldBe(taken);

    [Theory]
    [InlineData("^/api/", "/api/v1/", "/api/orders/api/", "/api/v1/orders/api/")]
    [InlineData("^/api/", "/$1/", "/api/x", "/$1/x")]
    [InlineData("^/api/", "/v1/", "/x/api/", "/x/api/")]
    public void An_anchored_literal_is_replaced_as_the_engine_would(string match, string rewrite, string path, string result)
    {
        SegmentPattern.AnchoredLiteral(match).ShouldNotBeNull();
        new PathRewriter(new PathRewrite(null, new RegexRewrite(match, rewrite))).Apply(path, null).ShouldBe(result);
        new PathRewriter(new PathRewrite(null, new RegexRewrite($"(?:{match})", rewrite))).Apply(path, null).ShouldBe(result);
    }
}
