using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Two processes on one PostgreSQL.</summary>
public sealed class ApiKeyInstancesTests
{
    private const string Path = "/api/v1/auth/api-keys";

    [Fact]
    public async Task Two_processes_make_twenty_keys_together_and_each_knows_and_revokes_the_other_s()
    {
        if (await PostgresServer.FindAsync() is not { } programs)
        {
            Assert.Skip("PostgreSQL is not installed: apt-get install postgresql.");
            return;
        }

        await using var server = await PostgresServer.StartAsync(programs);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["DATABASE_URL"] = await server.CreateDatabaseAsync("auth-service") };
        await using var one = new Front(await ServiceBench.StartAsync("auth-service", "AuthService", settings));
        settings["DATA_DIR"] = one.Bench.DataFolder;
        await using var other = one.Bench.StartInstance(settings);
        await other.ReadyAsync();
        var access = (await one.TokensAsync((await one.PersonAsync()).Email)).Access;

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Front.DecidedAsync(() => AskAsync(
            i % 2 == 0 ? one.Http : other.Http, HttpMethod.Post, Path, access, new { name = $"key {i}", password = Front.Password }))));

        var made = answers.Where(answer => answer.StatusCode == HttpStatusCode.Created).ToList();
        made.Count.ShouldBe(20);
        answers.Except(made).ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Conflict);
        var key = await Front.JsonAsync(made[0]);
        (await ExchangeAsync(one.Http, key)).ShouldBe(HttpStatusCode.OK);
        (await ExchangeAsync(other.Http, key)).ShouldBe(HttpStatusCode.OK);
        using var revoked = await AskAsync(other.Http, HttpMethod.Delete, $"{Path}/{key.GetProperty("id").GetString()}", access);
        revoked.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ExchangeAsync(one.Http, key)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient instance, HttpMethod method, string path, string access, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", access);
        return await instance.SendAsync(request);
    }

    private static async Task<HttpStatusCode> ExchangeAsync(HttpClient instance, JsonElement key)
    {
        using var answer = await Front.FormAsync(instance, ApiKey.TokenPath, ("key", key.GetProperty("key").GetString()!));
        return answer.StatusCode;
    }
}
