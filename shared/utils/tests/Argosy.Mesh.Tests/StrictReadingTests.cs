using Shouldly;
using Xunit;

namespace Argosy.Mesh.Tests;

public class StrictReadingTests
{
    private const int RulesStart = 16;                              // Routes.Document puts the first rule there

    [Theory]
    [InlineData("mirror: {host: b}", "spec.http[0].mirror is not supported by Argosy (supported here: name, match, rewrite, route, timeout)")]
    [InlineData("rout: []", "spec.http[0].rout is not supported by Argosy (supported here: name, match, rewrite, route, timeout)")]
    [InlineData("match: [{uri: {prefix: /a}, headers: {x: {exact: y}}}]", "spec.http[0].match[0].headers is not supported by Argosy (supported here: name, uri, method)")]
    [InlineData("match: [{uri: {suffix: /a}}]", "spec.http[0].match[0].uri.suffix is not supported by Argosy (supported here: exact, prefix, regex)")]
    [InlineData("match: [{uri: {prefix: /a, exact: /b}}]", "spec.http[0].match[0].uri must have one of exact, prefix, regex")]
    [InlineData("match: [{uri: {prefix: a}}]", "spec.http[0].match[0].uri matches a, which no request has after normalisation: start with / and leave out dot segments, escapes and a query")]
    [InlineData("match: [{uri: {exact: '/a/../b'}}]", "spec.http[0].match[0].uri matches /a/../b, which no request has after normalisation: start with / and leave out dot segments, escapes and a query")]
    [InlineData("match: {uri: {prefix: /a}}", "spec.http[0].match must be a list")]
    [InlineData("match:", "spec.http[0].match is empty: give it a value or take it out")]
    [InlineData("name: 7", "spec.http[0].name must be text, and YAML reads 7 as something else: put it in quotes")]
    [InlineData("name: [x]", "spec.http[0].name must be text")]
    [InlineData("timeout: 10", "spec.http[0].timeout must be text, and YAML reads 10 as something else: put it in quotes")]
    [InlineData("timeout: ten", "spec.http[0].timeout is ten: write a duration of at least 1ms, such as 500ms, 1.5s or 1m")]
    [InlineData("timeout: 1us", "spec.http[0].timeout is 1us: write a duration of at least 1ms, such as 500ms, 1.5s or 1m")]
    [InlineData("rewrite: {authority: b}", "spec.http[0].rewrite.authority is not supported by Argosy (supported here: uri, uriRegexRewrite)")]
    [InlineData("rewrite: {uri: x}", "spec.http[0].rewrite.uri is x: start with / and leave out dot segments, escapes and a query")]
    [InlineData("rewrite: {uriRegexRewrite: {match: 'a(', rewrite: b}}", "spec.http[0].rewrite.uriRegexRewrite.match is not a usable expression")]
    [InlineData("rewrite: {uriRegexRewrite: {match: a, rewrite: '\\1'}}", @"spec.http[0].rewrite.uriRegexRewrite.rewrite names group \1, which the expression doesn't have")]
    [InlineData("rewrite: {uriRegexRewrite: {match: a, rewrite: '\\d'}}", @"spec.http[0].rewrite.uriRegexRewrite.rewrite has a backslash that is neither a group, such as \1, nor \\")]
    public void What_is_not_obeyed_is_an_error_with_file_line_and_field(string field, string complaint)
    {
        var complaints = Routes.Complaints(Routes.Document($"    - route: [{{destination: {{host: a}}}}]\n      {field}"));
        complaints.ShouldContain(c => c.StartsWith($"routes.yaml:{RulesStart + 1}: {complaint}", StringComparison.Ordinal), string.Join('\n', complaints));
        complaints.Distinct(StringComparer.Ordinal).Count().ShouldBe(complaints.Count);
    }

    [Theory]
    [InlineData("[{destination: {host: a, subset: v2}}]", "spec.http[0].route[0].destination.subset is not supported by Argosy")]
    [InlineData("[{destination: {host: a}, weight: 5}]", "spec.http[0].route[0].weight is not supported by Argosy")]
    [InlineData("[{destination: {host: a}}, {destination: {host: b}}]", "spec.http[0].route must have one destination")]
    [InlineData("[{destination: {port: {number: 80}}}]", "spec.http[0].route[0].destination lacks host")]
    [InlineData("[{destination: {host: a, port: {number: 70000}}}]", "spec.http[0].route[0].destination.port.number must be a port number")]
    public void A_destination_is_one_host(string route, string complaint)
        => Routes.Complaints(Routes.Document($"    - route: {route}")).ShouldHaveSingleItem().ShouldStartWith($"routes.yaml:{RulesStart}: {complaint}");

    [Theory]
    [InlineData(@"/(?=a)", "(?=a")]
    [InlineData(@"/(?<n>a)", "(?<n")]
    [InlineData(@"/(a)\1", @"\1")]
    [InlineData(@"/\pL", @"\p")]
    [InlineData(@"/a\Z", @"\Z")]
    [InlineData(@"/[a-z-[aeiou]]", "[ inside of a class")]
    [InlineData(@"/[[:alpha:]]", "[ inside of a class")]
    [InlineData(@"/é", "a character outside of printable ASCII")]
    public void An_expression_that_RE2_reads_differently_is_refused(string regex, string difference)
        => Routes.Complaints(Routes.Document($"    - match: [{{uri: {{regex: '{regex}'}}}}]\n      route: [{{destination: {{host: a}}}}]"))
            .ShouldHaveSingleItem().ShouldBe($"routes.yaml:{RulesStart}: spec.http[0].match[0].uri.regex uses {difference}, which RE2 and .NET read differently");

    [Fact]
    public void An_expression_has_at_most_1024_characters()
        => Routes.Complaints(Routes.Document($"    - match: [{{uri: {{regex: '/{new string('a', 1024)}'}}}}]\n      route: [{{destination: {{host: a}}}}]"))
            .ShouldHaveSingleItem().ShouldEndWith("uri.regex must have 1 to 1024 characters");

    [Fact]
    public void All_errors_are_told_at_once_in_the_order_of_the_file()
    {
        var complaints = Routes.Complaints("""
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: { name: api-gateway, finalizers: [x] }
            spec:
              servers:
                - port: { number: 443, name: https, protocol: HTTPS }
                  hosts: ["*"]
                  tls: { mode: SIMPLE }
            ---
            apiVersion: networking.istio.io/v1alpha3
            kind: EnvoyFilter
            metadata: { name: x }
            spec: { }
            ---
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: { name: routes }
            spec:
              hosts: ["api.*", "*"]
              gateways: [mesh, other]
              exportTo: ["."]
              http: []
            """);
        complaints.Select(complaint => complaint[..complaint.IndexOf(' ', StringComparison.Ordinal)]).ShouldBe(
            ["routes.yaml:3:", "routes.yaml:6:", "routes.yaml:8:", "routes.yaml:11:", "routes.yaml:20:", "routes.yaml:21:", "routes.yaml:21:", "routes.yaml:21:", "routes.yaml:22:"],
            string.Join('\n', complaints));
        complaints.ShouldContain(c => c == "routes.yaml:11: kind EnvoyFilter of networking.istio.io/v1alpha3 is not supported by Argosy (supported: Gateway, VirtualService of networking.istio.io/v1)");
        complaints.ShouldContain(c => c == "routes.yaml:20: spec.hosts[0] is api.*: write a host name, *.domain or *");
        complaints.ShouldContain(c => c == "routes.yaml:21: there is no Gateway default/other for VirtualService default/routes");
    }

    [Theory]
    [InlineData("a: [", "routes.yaml:2: is not YAML")]
    [InlineData("a: 1\nb: 2\na: 3", "routes.yaml:3: is not YAML")]
    [InlineData("- a", "routes.yaml:1: the document must be a mapping")]
    [InlineData("kind: Gateway", "routes.yaml:1: the document lacks apiVersion")]
    [InlineData("", "routes.yaml:1: there is no Gateway default/api-gateway in it")]
    public void What_is_no_resource_is_told_as_such(string yaml, string complaint)
        => Routes.Complaints(yaml).ShouldContain(c => c.StartsWith(complaint, StringComparison.Ordinal), string.Join('\n', Routes.Complaints(yaml)));

    [Fact]
    public void Rules_of_one_host_in_two_resources_have_no_order_and_are_refused()
    {
        var one = Routes.Document("    - route: [{destination: {host: a}}]");
        var other = one[one.IndexOf("---", StringComparison.Ordinal)..].Replace("name: routes", "name: more", StringComparison.Ordinal);
        Routes.Complaints(one + "\n" + other).ShouldHaveSingleItem()
            .ShouldEndWith("the host * of Gateway default/api-gateway has rules already: keep a host's rules in one VirtualService");
    }

    [Fact]
    public void A_name_is_written_once()
    {
        var one = Routes.Document("    - route: [{destination: {host: a}}]");
        Routes.Complaints(one + "\n" + one[one.IndexOf("---", StringComparison.Ordinal)..])
            .ShouldContain(c => c.EndsWith("VirtualService default/routes is already written at line 9", StringComparison.Ordinal));
    }
}
