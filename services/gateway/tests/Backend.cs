using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Argosy.Gateway.Tests;

/// <summary>What arrived at the service behind the gateway.</summary>
internal sealed record Arrival(string Method, string Target, Dictionary<string, string> Headers, string Body);

/// <summary>A service behind the gateway: a real server on a port of its own. It notes what arrives, and answers as a test wants it.</summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private readonly WebApplication _app;

    private Backend(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public IReadOnlyCollection<Arrival> Arrivals => _arrivals;

    /// <summary>Without an answer given, everything is 200 with the request's target as the body.</summary>
    public static async Task<Backend> StartAsync(RequestDelegate? answer = null, int port = 0)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Logging.ClearProviders();
        var backend = new Backend(builder.Build());
        backend._app.Run(async context =>
        {
            backend._arrivals.Enqueue(await ReadAsync(context));
            await (answer ?? Echo)(context);
        });
        await backend._app.StartAsync();
        return backend;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    public static string TargetOf(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static Task Echo(HttpContext context) => context.Response.WriteAsync(TargetOf(context));

    private static async Task<Arrival> ReadAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        try
        {
            return new Arrival(context.Request.Method, TargetOf(context), headers, await body.ReadToEndAsync());
        }
        catch (IOException)
        {
            return new Arrival(context.Request.Method, TargetOf(context), headers, "(broken off)");
        }
    }
}
