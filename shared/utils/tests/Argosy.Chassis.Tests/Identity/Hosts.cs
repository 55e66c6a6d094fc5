using System.Net;
using System.Net.Http.Headers;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Chassis.Tests.Telemetry;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>An issuer's key endpoint in a real Kestrel, whose answers and absences the test decides.</summary>
internal sealed class IssuerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _hits;

    private IssuerHost(WebApplication app) => _app = app;

    public Uri Jwks { get; private set; } = null!;

    public string Document { get; set; } = Forge.Jwks(Forge.Ours);

    public bool Away { get; set; }

    public int Hits => Volatile.Read(ref _hits);

    public static async Task<IssuerHost> StartAsync()
    {
        var app = Kestrel.Builder().Build();
        var host = new IssuerHost(app);
        app.MapGet("/{**any}", () =>
        {
            Interlocked.Increment(ref host._hits);
            return host.Away ? Results.StatusCode(503) : Results.Text(host.Document, "application/json");
        });
        await app.StartAsync();
        host.Jwks = new Uri(Kestrel.Address(app), "/.well-known/jwks.json");
        return host;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>A service with the identity of the chassis in a real Kestrel.</summary>
internal sealed class GuardedHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly FreshStore _fresh;

    private GuardedHost(WebApplication app, FreshStore fresh, LogLines logs) =>
        (_app, _fresh, Logs, Client) = (app, fresh, logs, new HttpClient { BaseAddress = Kestrel.Address(app) });

    public IStore Store => _fresh.Store;

    public HttpClient Client { get; }

    public LogLines Logs { get; }

    public TokenCheck Check => _app.Services.GetRequiredService<TokenCheck>();

    public static async Task<GuardedHost> StartAsync(IdentityOptions options)
    {
        var logs = new LogLines();
        var builder = Kestrel.Builder();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        var fresh = await OnSqlite.OpenAsync(TimeProvider.System);
        builder.Services.AddArgosyIdentity(options).AddSingleton(fresh.Store).AddSingleton<DenyList>();
        var app = builder.Build();
        app.UseArgosyIdentity();
        app.MapGet("/me", (Caller caller) => new { caller.Id, caller.IsAdmin, caller.SessionId, caller.Scopes });
        app.MapMethods("/thing", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], (Caller caller) => caller.ClientId);
        app.MapGet("/admin", (Caller caller) => caller.Id).RequireAdmin();
        app.MapGet("/catalogue", (Caller? caller) => caller?.Id ?? "anybody").AllowAnonymous();
        app.MapGet("/open", () => "open").AllowAnonymous();
        app.MapGet("/money", (Caller caller) => caller.Id).RefuseRevoked();
        app.MapPost("/locks", (Caller caller) => caller.Id).RefuseKeys();
        app.MapPost("/goodbye", (Caller caller) => caller.Id).RequireRecentLogin();
        app.MapGet("/self", (Caller caller) => caller.Id).WithAnyScope();
        await app.StartAsync();
        return new GuardedHost(app, fresh, logs);
    }

    public static Task<GuardedHost> StartAsync(IssuerHost issuer) => StartAsync(Options(issuer));

    public static IdentityOptions Options(IssuerHost issuer) => new() { Issuer = Forge.Issuer, Jwks = issuer.Jwks };

    public Task<HttpResponseMessage> GetAsync(string path, string? token) => SendAsync(HttpMethod.Get, path, token);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token).ShouldBeTrue();
        }

        return await Client.SendAsync(request);
    }

    public async Task<HttpStatusCode> StatusAsync(string? token, string path = "/me")
    {
        using var response = await GetAsync(path, token);
        return response.StatusCode;
    }

    /// <summary>Waits until the issuer's keys are here, as the launcher does by asking for readiness.</summary>
    public async Task<GuardedHost> ReadyAsync()
    {
        await Eventually.HoldsAsync(IsReadyAsync, "the issuer's keys arrive");
        return this;
    }

    public async Task<bool> IsReadyAsync() =>
        (await _app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status == HealthStatus.Healthy;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await _fresh.DisposeAsync();
    }
}

internal static class Kestrel
{
    public static WebApplicationBuilder Builder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        return builder;
    }

    public static Uri Address(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
}
