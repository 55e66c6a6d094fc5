using System.Text.Json;
using Argosy.Chassis.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Tests.Http;

/// <summary>A process of Argosy without a store, in a real Kestrel on a free port of this machine.</summary>
internal sealed class ProcessHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProcessHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(20) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ProcessHost> StartAsync(
        Action<WebApplication> map, Action<ArgosyBuilder>? add = null, params (string Name, string Value)[] environment)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
            [new("SERVICE_PORT", "0"), new("ARGOSY_PROFILE", "local"), .. environment.Select(e => KeyValuePair.Create(e.Name, (string?)e.Value))]);
        var argosy = builder.AddArgosyProcess("tested");
        builder.Logging.ClearProviders();
        add?.Invoke(argosy);
        var app = builder.Build();
        app.MapArgosy();
        map(app);
        await app.StartAsync();
        return new ProcessHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(5)).Token);
        await _app.DisposeAsync();
    }
}

/// <summary>What a problem looks like to a client.</summary>
internal sealed record Shown(int Status, string Code, string Detail, JsonElement Json, HttpResponseMessage Answer)
{
    public static async Task<Shown> OfAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            throw new InvalidOperationException($"{(int)answer.StatusCode} {answer.Content.Headers.ContentType}: {text}");
        }

        var json = JsonDocument.Parse(text).RootElement;
        return new Shown(json.GetProperty("status").GetInt32(), json.GetProperty("type").GetString()!.Replace("urn:argosy:problem:", ""),
            json.GetProperty("detail").GetString()!, json, answer);
    }

    public string Error(string member) => Json.GetProperty("errors").GetProperty(member)[0].GetString()!;
}
