using System.Net;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Auth.Tests;

/// <summary>
/// Another service, as far as tokens are concerned: the chassis's check in a real Kestrel, with the keys that the issuer gives over HTTP.
/// </summary>
internal sealed class Consumer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private Consumer(WebApplication app)
    {
        _app = app;
        _http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) };
    }

    /// <summary>Fetches the keys every <paramref name="refreshEvery"/>; a token with an unknown one makes it ask no more often than any service does.</summary>
    public static async Task<Consumer> StartAsync(Uri issuer, TimeSpan refreshEvery)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Services.AddArgosyIdentity(new IdentityOptions { Issuer = TestIssuer.Name, Jwks = new Uri(issuer, IdentityOptions.JwksPath), RefreshEvery = refreshEvery });
        var app = builder.Build();
        app.UseArgosyIdentity();
        app.MapGet("/me", (Caller caller) => caller.Id);
        await app.StartAsync();
        var consumer = new Consumer(app);
        await Eventually.HoldsAsync(async () => await consumer.StatusAsync("a.b.c") != HttpStatusCode.ServiceUnavailable, "the issuer's keys are here");
        return consumer;
    }

    /// <summary>Whether it has fetched a key: after a while without the issuer it asks less often.</summary>
    public bool Knows(string key) => _app.Services.GetRequiredService<KeyRing>().Find(key) is not null;

    public async Task<HttpStatusCode> StatusAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await _http.SendAsync(request);
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }
}
