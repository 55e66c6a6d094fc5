using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>One auth-service for all tests that do not kill it; each test has accounts of its own.</summary>
[CollectionDefinition(nameof(AuthProcess))]
public sealed class AuthProcess : ICollectionFixture<AuthProcess>, IAsyncLifetime
{
    internal Front Front { get; private set; } = null!;   // still null in DisposeAsync when the start failed

    public async ValueTask InitializeAsync() => Front = await Front.OpenAsync();

    public ValueTask DisposeAsync() => Front?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The real process, and what people do at its door.</summary>
internal sealed class Front(ServiceBench bench) : IAsyncDisposable
{
    public const string Password = "a long walk on the shore";

    private static int _people;

    public ServiceBench Bench => bench;

    public HttpClient Http => bench.Anonymous;

    public string AdminPasswordFile => Path.Combine(bench.DataFolder, "admin-password");

    public string KeyFile => Path.Combine(bench.DataFolder, "keys", "signing.pem");

    public static async Task<Front> OpenAsync() => new(await ServiceBench.StartAsync("auth-service", "AuthService"));

    public static string NewEmail() => $"person-{Interlocked.Increment(ref _people)}-{Guid.NewGuid():N}@example.org";

    public Task<HttpResponseMessage> RegisterAsync(object body, string? key = null) => SendAsync("/api/v1/auth/register", body, key);

    public Task<HttpResponseMessage> LoginAsync(string email, string password) => SendAsync("/api/v1/auth/login", new { email, password });

    public async Task<(string Email, string Id)> PersonAsync()
    {
        var email = NewEmail();
        using var answer = await RegisterAsync(new { email, password = Password, name = "Person" });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        return (email, (await JsonAsync(answer)).GetProperty("userId").GetString()!);
    }

    /// <summary>Logs in and gives the answer's tokens.</summary>
    public async Task<Tokens> TokensAsync(string email, string password = Password)
    {
        using var answer = await LoginAsync(email, password);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await Tokens.OfAsync(answer);
    }

    public Task<HttpResponseMessage> FormAsync(string path, params (string Name, string Value)[] fields) => FormAsync(Http, path, fields);

    public static async Task<HttpResponseMessage> FormAsync(HttpClient instance, string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await instance.PostAsync(path, form);
    }

    public Task<HttpResponseMessage> RefreshAsync(string token) =>
        FormAsync("/connect/token", ("grant_type", "refresh_token"), ("refresh_token", token));

    public async Task<HttpResponseMessage> BearerAsync(string path, string accessToken, HttpMethod? method = null, object? body = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", accessToken);
        return await Http.SendAsync(request);
    }

    public async Task<JsonElement> BearerJsonAsync(string path, string accessToken)
    {
        using var answer = await BearerAsync(path, accessToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await JsonAsync(answer);
    }

    public Task<HttpStatusCode> AdminStatusAsync(string accessToken) => AdminStatusAsync(Http, accessToken);

    /// <summary>What an instance says to an administrator's question: 403 to a good token of anybody else.</summary>
    public static async Task<HttpStatusCode> AdminStatusAsync(HttpClient instance, string accessToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/dead-letters");
        request.Headers.Authorization = new("Bearer", accessToken);
        using var answer = await instance.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>An administrator's access token.</summary>
    public async Task<string> AdminAsync() => (await TokensAsync("admin@argosy.local", (await File.ReadAllTextAsync(AdminPasswordFile)).Trim())).Access;

    public Task<HttpResponseMessage> RotateAsync(string accessToken) => RotateAsync(Http, accessToken);

    public static async Task<HttpResponseMessage> RotateAsync(HttpClient instance, string accessToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/keys/rotate");
        request.Headers.Authorization = accessToken.Length > 0 ? new("Bearer", accessToken) : null;
        return await instance.SendAsync(request);
    }

    /// <summary>Asks until it is decided: with many at once, the queue for hashing is sometimes full.</summary>
    public static async Task<HttpResponseMessage> DecidedAsync(Func<Task<HttpResponseMessage>> ask)
    {
        HttpResponseMessage? answer = null;
        await Eventually.HoldsAsync(
            async () => (answer = await ask()).StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests), "there was a place at the hashing", TimeSpan.FromMinutes(2));
        return answer!;
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) => await answer.Content.ReadFromJsonAsync<JsonElement>();

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    private async Task<HttpResponseMessage> SendAsync(string path, object body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await Http.SendAsync(request);
    }
}

internal sealed record Tokens(string Access, string Refresh)
{
    public JsonElement Header => Part(0);

    public JsonElement Claims => Part(1);

    public string KeyId => Header.GetProperty("kid").GetString()!;

    public string Session => Claims.GetProperty("sid").GetString()!;

    public static async Task<Tokens> OfAsync(HttpResponseMessage answer)
    {
        var json = await Front.JsonAsync(answer);
        json.GetProperty("token_type").GetString().ShouldBe("Bearer");
        json.GetProperty("expires_in").GetInt64().ShouldBe(600);
        return new Tokens(json.GetProperty("access_token").GetString()!, json.GetProperty("refresh_token").GetString()!);
    }

    private JsonElement Part(int index) => JsonDocument.Parse(Base64Url.DecodeFromChars(Access.Split('.')[index])).RootElement;
}
