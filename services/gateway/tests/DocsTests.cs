using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>The documentation of a real gateway on a laptop, which has several names there, before a service with three operations.</summary>
public sealed class DocsTests : IAsyncLifetime
{
    private const string Service = """
        {
          "paths": {
            "/api/v1/items": { "get": { "operationId": "itemList", "x-callers": "anybody", "security": [] } },
            "/api/v1/orders": {
              "get": { "operationId": "orderList", "x-callers": "users", "security": [ { "bearer": [] } ] },
              "post": { "operationId": "orderPlace", "x-callers": "users", "x-api-keys": "refused", "security": [ { "bearer": [] } ] }
            }
          },
          "components": { "securitySchemes": { "oauth2": { "type": "oauth2", "flows": { "authorizationCode": {
            "authorizationUrl": "/connect/authorize", "tokenUrl": "/connect/token", "scopes": { "openid": "a", "email": "b", "api": "c" } } } } } }
        }
        """;

    private volatile bool _away;
    private Backend _backend = null!;
    private ServiceProcess _gateway = null!;

    private int Port => _gateway.Http.BaseAddress!.Port;

    public async ValueTask InitializeAsync()
    {
        _backend = await Backend.StartAsync(http => http.Response.WriteAsync(_away ? "[" : Service));
        var environment = GatewayBench.Environment(GatewayBench.Everywhere(_backend.Address));
        environment["JWT_ISSUER"] = $"http://127.0.0.1:{environment["SERVICE_PORT"]}";
        _gateway = await ServiceProcess.Start(GatewayBench.Dll, environment).ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Theory]
    [InlineData("/docs", "localhost:{port}", "/docs")]
    [InlineData("/docs/start.js?v=1", "[::1]:{port}", "/docs/start.js?v=1")]
    [InlineData("/docs", "127.0.0.1:{port}", null)]
    [InlineData("/docs", "localhost:1", null)]
    [InlineData("/docs", "api.example:{port}", null)]
    [InlineData("/docs", "localhost.example:{port}", null)]
    public async Task Under_another_name_of_this_machine_it_is_read_under_the_issuer_s_where_a_login_comes_back_to(string path, string host, string? there)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = _gateway.Http.BaseAddress };

        using var answer = await client.AskAsync(HttpMethod.Get, path, ("Host", host.Replace("{port}", $"{Port}", StringComparison.Ordinal)));

        answer.StatusCode.ShouldBe(there is null ? HttpStatusCode.OK : HttpStatusCode.Redirect);
        answer.Headers.Location?.ToString().ShouldBe($"http://127.0.0.1:{Port}{there}");
    }

    [Fact]
    public async Task It_offers_the_scopes_that_its_client_may_have_and_keys_where_they_are_taken()
    {
        var document = await _gateway.Http.GetFromJsonAsync<JsonElement>("/docs/openapi.json");

        var schemes = document.GetProperty("components").GetProperty("securitySchemes");
        var flow = schemes.GetProperty("oauth2").GetProperty("flows").GetProperty("authorizationCode");
        flow.GetProperty("scopes").EnumerateObject().Select(scope => scope.Name).ShouldBe(["openid", "api"]);
        flow.GetProperty("tokenUrl").GetString().ShouldBe($"http://127.0.0.1:{Port}/connect/token");
        schemes.GetProperty("apiKey").GetProperty("name").GetString().ShouldBe("X-API-Key");
        SchemesOf(document, "/api/v1/orders", "get").ShouldBe(["bearer", "apiKey"]);
        SchemesOf(document, "/api/v1/orders", "post").ShouldBe(["bearer"]);
        SchemesOf(document, "/api/v1/items", "get").ShouldBeEmpty();
        (await _gateway.Http.GetStringAsync("/docs/start.js")).ShouldContain("scopes: 'openid api'");
    }

    [Fact]
    public async Task What_was_away_once_is_not_missing_for_a_minute()
    {
        _away = true;
        var document = await _gateway.Http.GetFromJsonAsync<JsonElement>("/docs/openapi.json");
        document.GetProperty("info").GetProperty("description").GetString().ShouldNotBeNull().ShouldContain("Without auth-service and ");
        document.GetProperty("paths").EnumerateObject().ShouldBeEmpty();

        _away = false;

        await Eventually.HoldsAsync(async () =>
        {
            document = await _gateway.Http.GetFromJsonAsync<JsonElement>("/docs/openapi.json");
            return document.GetProperty("info").GetProperty("description").GetString() == "The public API of all services.";
        }, "every service is in it", TimeSpan.FromSeconds(20));
        document.GetProperty("paths").TryGetProperty("/api/v1/orders", out _).ShouldBeTrue();
    }

    private static IEnumerable<string> SchemesOf(JsonElement document, string path, string method) =>
        document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("security").EnumerateArray().SelectMany(one => one.EnumerateObject()).Select(one => one.Name);
}
