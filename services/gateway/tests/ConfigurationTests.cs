using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Wrong configuration: one line for each error, exit code 78.</summary>
public sealed class ConfigurationTests
{
    private static readonly string Endpoints = GatewayBench.Everywhere(new Uri("http://127.0.0.1:9"));

    [Fact]
    public async Task A_field_that_is_not_obeyed_is_told_with_file_line_and_field()
    {
        var file = GatewayBench.Routes(("order-service", ", timeout: 1s"), ("user-service", ", mirror: { host: x }, retries: { attempts: 3 }"));
        (await FailAsync(GatewayBench.Environment(Endpoints, file))).ShouldBe(
        [
            $"argosy: gateway: API_ROUTES {file}:14: spec.http[1].mirror is not supported by Argosy (supported here: name, match, rewrite, route, timeout).",
            $"argosy: gateway: API_ROUTES {file}:14: spec.http[1].retries is not supported by Argosy (supported here: name, match, rewrite, route, timeout).",
        ]);
    }

    [Fact]
    public async Task A_missing_file_is_told()
        => (await FailAsync(GatewayBench.Environment(Endpoints, "/nowhere/routes.yaml"))).ShouldHaveSingleItem()
            .ShouldStartWith("argosy: gateway: API_ROUTES is /nowhere/routes.yaml, which cannot be read:");

    [Fact]
    public async Task A_missing_variable_is_told()
    {
        var environment = GatewayBench.Environment(Endpoints);
        environment.Remove("API_ROUTES");
        (await FailAsync(environment)).ShouldHaveSingleItem().ShouldStartWith("argosy: gateway: API_ROUTES is missing: set it to");
    }

    [Fact]
    public async Task A_service_without_an_address_is_told_with_the_rule_that_leads_there()
    {
        var file = GatewayBench.Routes(("order-service", ""), ("user-service", ""));
        (await FailAsync(GatewayBench.Environment("order-service=http://127.0.0.1:9", file))).ShouldHaveSingleItem()
            .ShouldBe($"argosy: gateway: SERVICE_ENDPOINTS has no entry for user-service, where {file}:14 leads: add user-service=http://HOST:PORT.");
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var environment = GatewayBench.Environment(Endpoints);
        environment["SERVICE_PORT"] = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        (await FailAsync(environment)).ShouldHaveSingleItem().ShouldStartWith($"argosy: gateway: SERVICE_PORT is {environment["SERVICE_PORT"]}");
    }

    [Fact]
    public async Task Without_endpoints_names_resolve_as_in_a_cluster()
    {
        var environment = GatewayBench.Environment("", GatewayBench.Routes(("argosy-test.invalid", ", timeout: 5s")));
        await using var gateway = await ServiceProcess.Start(GatewayBench.Dll, environment).ReadyAsync();
        using var answer = await gateway.Http.GetAsync("/argosy-test.invalid");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task It_ends_with_its_standard_input()
    {
        await using var gateway = await GatewayBench.StartAsync(Endpoints);
        gateway.CloseInput();
        (await gateway.ExitAsync(TimeSpan.FromSeconds(30))).ShouldBe(0);
    }

    private static async Task<IReadOnlyCollection<string>> FailAsync(Dictionary<string, string> environment)
    {
        await using var gateway = ServiceProcess.Start(GatewayBench.Dll, environment);
        (await gateway.ExitAsync(TimeSpan.FromSeconds(60))).ShouldBe(78);
        return gateway.Errors;
    }
}
