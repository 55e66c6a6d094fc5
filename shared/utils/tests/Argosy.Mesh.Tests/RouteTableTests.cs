using Argosy.Mesh.Routing;
using Shouldly;
using Xunit;

namespace Argosy.Mesh.Tests;

public class RouteTableTests
{
    [Theory]
    [InlineData("/api", "prefix")]
    [InlineData("/api/x", "prefix")]
    [InlineData("/apiary", "prefix")]                       // Istio: a raw string prefix, no path segments
    [InlineData("/ap", null)]
    [InlineData("/API/x", null)]
    public void A_prefix_is_a_raw_string_prefix(string path, string? rule)
        => Routes.Of("  - {name: prefix, match: [{uri: {prefix: /api}}], route: [{destination: {host: a}}]}").RuleFor(path).ShouldBe(rule);

    [Theory]
    [InlineData("/orders/7/stream", "stream")]
    [InlineData("/orders/7/stream/x", "everything")]        // a regex is for the whole path
    [InlineData("/x/orders/7/stream", "everything")]
    [InlineData("/orders", "exact")]
    [InlineData("/orders/", "everything")]
    public void The_first_rule_that_matches_wins(string path, string rule)
        => Routes.Of("""
              - {name: stream, match: [{uri: {regex: '/orders/[^/]+/stream'}}], route: [{destination: {host: a}}]}
              - {name: exact, match: [{uri: {exact: /orders}}], route: [{destination: {host: a}}]}
              - {name: everything, route: [{destination: {host: b}}]}
              - {name: never, match: [{uri: {exact: /orders/}}], route: [{destination: {host: b}}]}
            """).RuleFor(path).ShouldBe(rule);

    [Theory]
    [InlineData("/a", "GET", "rule")]
    [InlineData("/b", "POST", "rule")]
    [InlineData("/b", "GET", null)]
    [InlineData("/a", "get", null)]
    public void Alternatives_are_or_and_what_one_says_is_and(string path, string method, string? rule)
        => Routes.Of("  - {name: rule, match: [{uri: {prefix: /a}, method: {regex: 'GET|HEAD'}}, {uri: {prefix: /b}, method: {exact: POST}}], route: [{destination: {host: a}}]}")
            .RuleFor(path, method).ShouldBe(rule);

    [Theory]
    [InlineData("{uri: {prefix: /old}}", "{uri: /new}", "/old/x", "/new/x")]
    [InlineData("{uri: {prefix: /old/}}", "{uri: /}", "/old/x", "/x")]
    [InlineData("{uri: {prefix: /old}}", "{uri: /}", "/old/x", "//x")]                    // as Envoy does; only the Gateway API repairs it
    [InlineData("{uri: {exact: /old}}", "{uri: /new}", "/old", "/new")]
    [InlineData("{uri: {regex: '/o.*'}}", "{uri: /new}", "/old/x", "/new")]
    [InlineData("{method: {exact: GET}}", "{uri: /new/}", "/old/x", "/new/old/x")]        // no path match is the prefix /
    [InlineData("{uri: {prefix: /}}", "{uriRegexRewrite: {match: '^/api/', rewrite: /api/v1/}}", "/api/o/api/1", "/api/v1/o/api/1")]
    [InlineData("{uri: {prefix: /}}", "{uriRegexRewrite: {match: 'a(.)', rewrite: '\\1$\\\\\\0'}}", "/ab/ac", "/b$\\ab/c$\\ac")]
    public void A_rewrite_replaces_what_matched(string match, string rewrite, string path, string result)
        => Routes.Of($"  - {{match: [{match}], rewrite: {rewrite}, route: [{{destination: {{host: a}}}}]}}").PathFor(path).ShouldBe(result);

    [Fact]
    public void A_rewrite_to_something_that_is_no_path_matches_nothing()
        => Routes.Of("  - {name: bad, match: [{uri: {prefix: /a}}], rewrite: {uriRegexRewrite: {match: '^/', rewrite: ''}}, route: [{destination: {host: a}}]}")
            .RuleFor("/a/b").ShouldBeNull();

    [Theory]
    [InlineData("api.example.com", "name")]
    [InlineData("API.example.com:8443", "name")]
    [InlineData("x.example.com", "domain")]
    [InlineData("x.deep.example.com", "deep")]
    [InlineData("deep.example.com", "domain")]
    [InlineData("example.com", "any")]                      // *.example.com is not example.com
    [InlineData("[::1]:8080", "any")]
    [InlineData("", "any")]
    public void The_most_specific_host_is_asked(string host, string rule)
    {
        var yaml = Routes.Document($"  - {{name: any, route: [{{destination: {{host: a}}}}]}}")
            + Service("domain", "*.example.com") + Service("name", "api.example.com") + Service("deep", "*.deep.example.com");
        RouteTable.TryCompile(Loading.MeshFile.Parse("routes.yaml", yaml), "api-gateway", out var table, out var errors);
        errors.ShouldBeEmpty();
        table!.RuleFor("/", host: host).ShouldBe(rule);
    }

    [Fact]
    public void A_host_that_only_one_side_names_is_not_served()
    {
        var table = Routes.Of("  - {name: rule, route: [{destination: {host: a}}]}", hosts: "['*.example.com']", serverHosts: "['./api.example.com', 'other/x.example.com']");
        table.RuleFor("/", host: "api.example.com").ShouldBe("rule");
        table.RuleFor("/", host: "x.example.com").ShouldBeNull();
        table.RuleFor("/", host: "localhost").ShouldBeNull();
    }

    [Theory]
    [InlineData("auth-service", "auth-service")]
    [InlineData("auth-service.default.svc.cluster.local", "auth-service")]
    [InlineData("auth-service.default.svc", "auth-service")]
    [InlineData("auth-service.default", "auth-service")]
    [InlineData("auth-service.other.svc.cluster.local", "auth-service.other.svc.cluster.local")]
    public void A_destination_in_the_own_namespace_goes_by_its_short_name(string written, string host)
        => Routes.Of($"  - {{route: [{{destination: {{host: {written}, port: {{number: 5101}}}}}}]}}").Rules[0].Route.Destination.ShouldBe(new Destination(host, 5101));

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("1.5s", 1_500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("0s", null)]                                // Envoy: zero is no timeout
    public void Timeouts_are_Gos_durations(string written, int? milliseconds)
        => Routes.Of($"  - {{timeout: {written}, route: [{{destination: {{host: a}}}}]}}").Rules[0].Route.Timeout?.TotalMilliseconds.ShouldBe(milliseconds ?? -1);

    private static string Service(string rule, string host) => $$"""

        ---
        apiVersion: networking.istio.io/v1beta1
        kind: VirtualService
        metadata: { name: {{rule}}, namespace: default, labels: { app: x } }
        spec:
          hosts: ['{{host}}']
          gateways: [default/api-gateway]
          http:
            - name: {{rule}}
              route: [ { destination: { host: a } } ]
        """;
}
