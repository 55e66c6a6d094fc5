using Argosy.Mesh.Routing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Mesh.Tests;

public class RequestPathTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/a/./b", "/a/b")]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/.", "/")]
    [InlineData("/.well-known/x", "/.well-known/x")]
    [InlineData("/a/...", "/a/...")]
    [InlineData("/a/..b/.c", "/a/..b/.c")]
    [InlineData("/a%2e%2E/b", "/a../b")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/a/.%2e/b", "/b")]
    [InlineData(@"\a\..\b", "/b")]
    [InlineData("/%41%7e%2d", "/A~-")]
    [InlineData("/a%20b%c3%a9", "/a%20b%C3%A9")]
    [InlineData("/%e2%82%ac/%f0%9f%98%80", "/%E2%82%AC/%F0%9F%98%80")]
    [InlineData("/100%25", "/100%25")]
    [InlineData("/a:b@c/!$&'()*+,=", "/a:b@c/!$&'()*+,=")]
    public void A_path_is_normalised(string raw, string normal)
    {
        RequestPath.TryNormalise(raw, out var path, out var refusal).ShouldBeTrue(refusal);
        path.ShouldBe(normal);
    }

    [Theory]
    [InlineData("", "must start with a slash")]
    [InlineData("*", "must start with a slash")]
    [InlineData("a/b", "must start with a slash")]
    [InlineData("/a/..%2f..%2fadmin", "escaped slash")]
    [InlineData("/a%2Fb", "escaped slash")]
    [InlineData("/a%5cb", "escaped slash")]
    [InlineData("/a/%252e%252e/b", "escaped twice")]
    [InlineData("/a%252fb", "escaped twice")]
    [InlineData("//a", "empty segment")]
    [InlineData("/a//b", "empty segment")]
    [InlineData(@"/a\/b", "empty segment")]
    [InlineData("/a/.//b", "empty segment")]
    [InlineData("/a;x=1/b", "Path parameters")]
    [InlineData("/a/..;/b", "Path parameters")]
    [InlineData("/a%3bx", "Path parameters")]
    [InlineData("/a%00b", "control character")]
    [InlineData("/a%0d%0ab", "control character")]
    [InlineData("/a%7f", "control character")]
    [InlineData("/a%", "broken escape")]
    [InlineData("/a%4", "broken escape")]
    [InlineData("/a%zz", "broken escape")]
    [InlineData("/a%u002e", "broken escape")]
    [InlineData("/%c0%ae%c0%ae/b", "not UTF-8")]
    [InlineData("/%c0%af", "not UTF-8")]
    [InlineData("/%ff", "not UTF-8")]
    [InlineData("/%c3", "not UTF-8")]
    [InlineData("/%c3/%a9", "not UTF-8")]
    [InlineData("/%ed%a0%80", "not UTF-8")]
    [InlineData("/..", "climbs over the root")]
    [InlineData("/../a", "climbs over the root")]
    [InlineData("/a/../../b", "climbs over the root")]
    [InlineData("/a b", "must be escaped")]
    [InlineData("/a\0b", "must be escaped")]
    [InlineData("/a#b", "must be escaped")]
    [InlineData("/é", "must be escaped")]
    [InlineData("/a\"<b>", "must be escaped")]
    public void What_servers_read_differently_is_refused(string raw, string reason)
    {
        RequestPath.TryNormalise(raw, out _, out var refusal).ShouldBeFalse();
        refusal.ShouldNotBeNull().ShouldContain(reason);
    }

    [Theory]
    [InlineData("/a/../b?x=/../%2f#", null, null)]
    [InlineData("/a/../b?x=/../%2f//;", "/b", "?x=/../%2f//;")]
    [InlineData("/a?", "/a", "?")]
    [InlineData("http://host:80/a?b", "/a", "?b")]
    [InlineData("HTTP://host", "/", "")]
    [InlineData("http://host?b", "/", "?b")]
    [InlineData("http://host//a", null, null)]
    [InlineData("*", null, null)]
    [InlineData("host:443", null, null)]
    [InlineData("/a?b\rc", null, null)]
    public void A_target_is_a_path_and_a_query(string raw, string? path, string? query)
    {
        RequestTarget.TryParse(raw, out var target, out var refusal).ShouldBe(path is not null, refusal);
        (target.Path, target.Query).ShouldBe((path!, query!));
    }

    [Fact]
    public void A_path_that_is_normal_already_is_not_copied()
    {
        const string path = "/api/v1/orders/018f-77";
        RequestPath.TryNormalise(path, out var normal, out _).ShouldBeTrue();
        normal.ShouldBeSameAs(path);
    }

    [Fact]
    public void Normalising_twice_is_normalising_once()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(20_000), Prop.ForAll(Paths.Nasty, raw =>
            !RequestPath.TryNormalise(raw, out var once, out _) || (RequestPath.TryNormalise(once, out var twice, out _) && twice == once)));

    [Fact]
    public void A_normal_path_has_nothing_left_to_decode_into_a_separator_or_a_dot()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(20_000), Prop.ForAll(Paths.Nasty, raw =>
        {
            if (!RequestPath.TryNormalise(raw, out var path, out _))
            {
                return true;
            }

            var decodedTwice = Uri.UnescapeDataString(Uri.UnescapeDataString(path));
            return path[0] == '/'
                && decodedTwice.Count(c => c == '/') == path.Count(c => c == '/')
                && decodedTwice.Split('/').All(segment => segment is not ("." or ".."))
                && !decodedTwice.Contains('\\', StringComparison.Ordinal)
                && !decodedTwice.Contains('\0', StringComparison.Ordinal);
        }));

    [Fact]
    public void Without_tricks_it_agrees_with_the_URI_of_the_framework()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(20_000), Prop.ForAll(Paths.Plain, raw =>
            !RequestPath.TryNormalise(raw, out var path, out _) || new Uri("http://h" + raw).AbsolutePath == path));
}
