using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Contracts.Auth.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Users.Tests;

/// <summary>One user-service for all tests that do not kill it; each test has users of its own.</summary>
public sealed class UserProcess : IAsyncLifetime
{
    public ServiceBench Bench { get; private set; } = null!;   // still null in DisposeAsync when the start failed

    public async ValueTask InitializeAsync() => Bench = await ServiceBench.StartAsync("user-service", "UserService");

    public ValueTask DisposeAsync() => Bench?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>What people do with their profiles.</summary>
internal static class Visits
{
    public const string Mine = "/api/v1/users/me";

    /// <summary>Somebody with an account, as auth-service tells of it.</summary>
    public static async Task<(string Id, HttpClient Http)> PersonAsync(this ServiceBench bench, string name = "Ada")
    {
        var id = Guid.CreateVersion7().ToString();
        await bench.SendAsync("auth-service", new UserRegistered { UserId = id, Email = $"{id}@example.org", Name = name });
        return (id, bench.As(id));
    }

    public static async Task<HttpResponseMessage> ChangeAsync(this HttpClient http, object body, string? version = "*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, Mine) { Content = JsonContent.Create(body) };
        if (version is not null)
        {
            request.Headers.IfMatch.Add(version == "*" ? EntityTagHeaderValue.Any : new EntityTagHeaderValue(version));
        }

        return await http.SendAsync(request);
    }

    public static async Task<JsonElement> ReadAsync(this HttpClient http, string path = Mine)
    {
        using var answer = await http.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public static object Address(string street, bool? isDefault = null) => isDefault is null
        ? new { name = "Ada Lovelace", street, city = "London", postalCode = "W1", country = "GB" }
        : new { name = "Ada Lovelace", street, city = "London", postalCode = "W1", country = "GB", isDefault };

    public static async Task ShouldBeProblemAsync(this HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        answer.StatusCode.ShouldBe(status);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString().ShouldBe($"urn:argosy:problem:{code}");
    }
}
