using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Process;

/// <summary>No service starts half: with its database away a process is alive, not ready, and does nothing, until it comes.</summary>
[Trait("on", "servers")]
public sealed class ServiceStartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-start-").FullName;
    private readonly TestIssuer _issuer;

    public ServiceStartTests() => _issuer = new TestIssuer(_folder);

    public void Dispose()
    {
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_service_whose_database_is_away_is_alive_and_not_ready_and_becomes_ready_when_it_comes()
    {
        await using var server = await TestPostgres.StartAsync();
        var url = await server.CreateDatabaseAsync("late");
        await server.StopAsync();
        await using var service = await StartAsync(url);

        (await service.Http.GetAsync("/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await service.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("status").GetString().ShouldBe("alive");
        (await ReadyAsync(service)).GetProperty("checks").GetProperty("database").GetString().ShouldBe("the database is away");
        (await service.Http.GetAsync("/ledger")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        await server.StartAgainAsync();

        await service.ReadyAsync();
        Said(service, "away").Count.ShouldBe(1, "one line, however often it was tried");
    }

    [Fact]
    public async Task A_wrong_password_is_one_line_in_the_log_and_the_service_starts_when_it_is_right()
    {
        var server = await TestPostgres.ServerAsync();
        var url = await server.CreateDatabaseAsync("locked");
        await using var service = await StartAsync(url.Replace("locked-secret", "guessed-secret", StringComparison.Ordinal));
        await Eventually.HoldsAsync(() => Said(service, "refuses the password of user locked").Count > 0, "it says so", TimeSpan.FromSeconds(60));

        await server.ExecuteAsync("alter role locked password 'guessed-secret'");
        await service.ReadyAsync();

        Said(service, "refuses the password").Count.ShouldBe(1);
        service.Output.ShouldAllBe(line => !line.Contains("guessed-secret", StringComparison.Ordinal) && !line.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        var server = await TestPostgres.ServerAsync();
        var url = await server.CreateDatabaseAsync("there");
        await using var service = await StartAsync($"{url[..url.LastIndexOf('/')]}/elsewhere");

        await Eventually.HoldsAsync(() => Said(service, "has no database elsewhere: create it").Count == 1, "it says so", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Two_instances_that_start_at_once_on_an_empty_database_both_come_up()
    {
        var url = await TestPostgres.SchemaAsync();
        await using var one = await StartAsync(url);
        await using var other = await StartAsync(url);

        await Task.WhenAll(one.ReadyAsync(), other.ReadyAsync());
    }

    private async Task<ServiceProcess> StartAsync(string url)
    {
        var port = ServiceProcess.FreePort();
        var service = ServiceProcess.Start(ServiceBench.DllOf("Probe"), new Dictionary<string, string>(_issuer.Environment, StringComparer.Ordinal)
        {
            ["PROBE_LEDGER"] = "1",
            ["SERVICE_NAME"] = "inventory-service",
            ["SERVICE_PORT"] = $"{port}",
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["DATA_DIR"] = Path.Combine(_folder, $"data-{port}"),
            ["DATABASE_URL"] = url,
        });
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await service.Http.GetAsync("/health")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "it is alive", TimeSpan.FromSeconds(60));
        return service;
    }

    private static async Task<JsonElement> ReadyAsync(ServiceProcess service)
    {
        using var answer = await service.Http.GetAsync("/ready");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static List<string> Said(ServiceProcess service, string what) => [.. service.Output.Where(line => line.Contains("waits for its database", StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal))];
}
