using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Limits that cannot be obeyed stop the start: one line for each error, with file, line and field.</summary>
public sealed class LimitsConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-limits-").FullName;
    private readonly TestIssuer _issuer;
    private readonly Dictionary<string, string> _environment;

    public LimitsConfigurationTests()
    {
        _issuer = new TestIssuer(_folder);
        _environment = LimitedGateway.Environment(_folder, _issuer, new Uri("http://127.0.0.1:9"));
    }

    private string File => _environment["API_LIMITS"];

    public void Dispose()
    {
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_the_file_is_told_with_line_and_field()
    {
        await System.IO.File.WriteAllTextAsync(File, """
            policies:
              default: { quota: 0, window: 60s, burst: 5 }
              Strict:
                quota: 10
                window: 1500ms
                routes:
                  - { method: POTS, path: /api/v1/orders/, by: user }
            clients:
              default: { quota: many }
            """);

        (await FailAsync()).ShouldBe(
        [
            $"argosy: gateway: API_LIMITS {File}:2: policies.default.burst is not supported by Argosy (supported here: quota, window, routes).",
            $"argosy: gateway: API_LIMITS {File}:2: policies.default.quota must be a whole number from 1 to 1000000000.",
            $"argosy: gateway: API_LIMITS {File}:4: policies.Strict must have a name of up to 32 small letters, digits and dashes.",
            $"argosy: gateway: API_LIMITS {File}:5: policies.Strict.window must be whole seconds, at least one: write 60s or 1m.",
            $"argosy: gateway: API_LIMITS {File}:7: policies.Strict.routes[0].method is POTS, which the gateway does not take: write one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS.",
            $"argosy: gateway: API_LIMITS {File}:7: policies.Strict.routes[0].path is /api/v1/orders/, which is never compared with: start with / and leave out a slash at the end, dot segments, escapes and a query.",
            $"argosy: gateway: API_LIMITS {File}:7: policies.Strict.routes[0].by is user: write address, or leave it out to count users as themselves.",
            $"argosy: gateway: API_LIMITS {File}:9: clients.default.quota must be a whole number from 1 to 1000000000.",
            $"argosy: gateway: API_LIMITS {File}:9: clients.default lacks window.",
            $"argosy: gateway: API_LIMITS {File}:9: clients.default has the name of a policy, and callers could not tell them apart: choose another one.",
        ], ignoreOrder: true);
    }

    [Theory]
    [InlineData("", "there is no policy in it: write policies, with a name, a quota and a window.")]
    [InlineData("clients: {}", "the document lacks policies.")]
    [InlineData("policies: []", "policies must be a mapping.")]
    [InlineData("policies: {", "is not YAML")]
    [InlineData("policies: { strict: { quota: 1, window: 1m, routes: [] } }", "policies.strict.routes has no route in it: write some, or leave it out and the policy holds everywhere.")]
    [InlineData("policies: { default: { quota: 1, window: 1m } }\n---\npolicies: { default: { quota: 2, window: 1m } }", ":3: the document is a second one in this file, and limits are one: take it out.")]
    public async Task A_file_that_says_less_or_more_than_it_seems_to_is_refused(string yaml, string says)
    {
        await System.IO.File.WriteAllTextAsync(File, yaml);

        (await FailAsync()).ShouldContain(line => line.StartsWith($"argosy: gateway: API_LIMITS {File}:", StringComparison.Ordinal)
            && line.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_request_may_be_is_held_against_the_routes_and_what_the_server_takes()
    {
        await System.IO.File.WriteAllTextAsync(File, """
            policies:
              default: { quota: 10, window: 1h }
            requests:
              default: { body: 1048576, within: 1s }
              other: { headers: 100, priority: first }
              small:
                body: 1
                routes: [orders, orders]
              tiny: { size: 1, routes: [items] }
            """);
        (await FailAsync()).ShouldBe(
        [
            $"argosy: gateway: API_LIMITS {File}:4: requests.default.body must be a whole number from 1 to 262144.",
            $"argosy: gateway: API_LIMITS {File}:4: requests.default.within must be from 2s to 60s.",
            $"argosy: gateway: API_LIMITS {File}:5: requests.other.headers must be a whole number from 512 to 16384.",
            $"argosy: gateway: API_LIMITS {File}:5: requests.other.priority is first: write exports, reads or checkout, or leave it out to go by the method.",
            $"argosy: gateway: API_LIMITS {File}:5: requests.other has no routes, and there is one without already: say for which it holds.",
            $"argosy: gateway: API_LIMITS {File}:7: requests.small names orders, which another one names: leave it in one.",
            $"argosy: gateway: API_LIMITS {File}:9: requests.tiny.size is not supported by Argosy (supported here: headers, body, within, priority, routes).",
        ], ignoreOrder: true);

        await System.IO.File.WriteAllTextAsync(File, "policies: { default: { quota: 10, window: 1h } }\nrequests:\n  small: { body: 1, routes: [ordres] }\nclients: { partner: { quota: 1, window: 1h } }");
        (await FailAsync()).ShouldBe([$"argosy: gateway: API_LIMITS {File}:3: requests names the route ordres, and {_environment["API_ROUTES"]} has no rule of that name."]);
    }

    [Theory]
    [InlineData("API_LIMITS", "", "API_LIMITS is missing: set it to the YAML file with the limits, such as infrastructure/gateway/limits.yaml, or RATE_LIMITS to off.")]
    [InlineData("API_LIMITS", "/nowhere/limits.yaml", "API_LIMITS is /nowhere/limits.yaml, which cannot be read: ")]
    [InlineData("RATE_LIMITS", "none", "RATE_LIMITS is 'none', and must be one of: on, off.")]
    [InlineData("JWT_ISSUER", "", "JWT_ISSUER is missing: ")]
    [InlineData("CLIENT_KEYS", "/nowhere", "CLIENT_KEYS is '/nowhere', and there is no such folder.")]
    [InlineData("API_KEY_HEADER", "X API Key", "API_KEY_HEADER is 'X API Key', and must be the name of a header, such as X-API-Key.")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1", "TRUSTED_PROXIES has the entry '10.0.0.1', and takes networks such as 10.0.0.0/8 or 192.0.2.7/32, separated by commas.")]
    [InlineData("TRUSTED_PROXIES", "10.0.0.0/33", "TRUSTED_PROXIES has the entry '10.0.0.0/33', and takes networks")]
    [InlineData("CORS_ORIGINS", "*", "CORS_ORIGINS is *, and would let the pages of anybody ask: name the origins of your own, such as https://shop.example.")]
    [InlineData("CORS_ORIGINS", "https://shop.example/", "CORS_ORIGINS has the entry 'https://shop.example/', and takes origins such as https://shop.example")]
    [InlineData("CORS_ORIGINS", "https://Shop.example", "CORS_ORIGINS has the entry 'https://Shop.example', and takes origins such as")]
    [InlineData("REDIS_URL", "http://127.0.0.1", "REDIS_URL ")]
    public async Task A_wrong_setting_is_told(string variable, string value, string says)
    {
        _environment[variable] = value;

        (await FailAsync()).ShouldHaveSingleItem().ShouldStartWith($"argosy: gateway: {says}");
    }

    [Theory]
    [InlineData("stranger.sha256", "00", "has stranger.sha256, and API_LIMITS has no client stranger: write its quota there, or take the file away.")]
    [InlineData("partner.sha256", "a-key", "which must hold the SHA-256 of a client's key, 64 hexadecimal digits and nothing else.")]
    public async Task A_key_that_is_no_client_s_or_no_hash_is_told_and_not_repeated(string name, string content, string says)
    {
        await System.IO.File.WriteAllTextAsync(Path.Combine(_environment["CLIENT_KEYS"], name), content);

        var told = (await FailAsync()).ShouldHaveSingleItem();

        told.ShouldEndWith(says);
        told.ShouldNotContain("a-key");
    }

    private async Task<IReadOnlyCollection<string>> FailAsync()
    {
        await using var gateway = ServiceProcess.Start(GatewayBench.Dll, _environment);
        (await gateway.ExitAsync(TimeSpan.FromSeconds(60))).ShouldBe(78);
        return gateway.Errors;
    }
}
