using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Argosy.FaultLab.Proxy;

/// <summary>How answers over HTTP come.</summary>
/// <param name="Percent">To how many of a hundred requests it happens.</param>
internal sealed record HttpWeather(int Percent)
{
    /// <summary>They come so much later.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>They have this status instead of their own; null: their own.</summary>
    public int? Status { get; init; }

    /// <summary>With another status: another body too, "" for the status's name; null: their own body.</summary>
    public string? Body { get; init; }

    /// <summary>That body's type.</summary>
    public string ContentType { get; init; } = "text/plain";
}

/// <summary>
/// A proxy before a process's port that speaks HTTP, so that it can make answers worse. It hands on every request as it came and waits for
/// the answer: what was asked is done, whatever is said of it afterwards.
/// </summary>
internal sealed class HttpLink : IAsyncDisposable
{
    // Of one connection, not of what is said on it (RFC 9110, 7.6.1).
    private static readonly HashSet<string> OfTheConnection = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade" };
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly WebApplication _app;
    private readonly HttpMessageInvoker _target = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
    });
    private readonly string _prefix;
    private volatile Sky _sky = new(null);
    private int _worsened;

    private HttpLink(int targetPort)
    {
        _prefix = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{targetPort}");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());        // none of the lab's own settings are meant for it
        builder.Services.AddSingleton<IHostLifetime, OfItsOwner>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.AddServerHeader = false;
            (kestrel.Limits.MaxRequestBodySize, kestrel.Limits.MinRequestBodyDataRate, kestrel.Limits.MinResponseDataRate) = (null, null, null);
        });
        _app = builder.Build();
        _app.Run(CarryAsync);
    }

    public int Port { get; private set; }

    /// <summary>Holds for every answer that comes from now on; null: as they are.</summary>
    public HttpWeather? Weather
    {
        get => _sky.Weather;
        set => Interlocked.Exchange(ref _sky, new Sky(value)).IsOver.TrySetResult();
    }

    /// <summary>How many answers were made worse so far.</summary>
    public int Worsened => _worsened;

    public static async Task<HttpLink> StartAsync(int targetPort, CancellationToken ct)
    {
        var link = new HttpLink(targetPort);
        await link._app.StartAsync(ct);
        link.Port = new Uri(link._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
        return link;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _target.Dispose();
    }

    private async Task CarryAsync(HttpContext context)
    {
        var ct = context.RequestAborted;
        try
        {
            using var request = Copy(context);
            using var answer = await _target.SendAsync(request, ct);
            var sky = _sky;
            var weather = sky.Weather is { } bad && Random.Shared.Next(100) < bad.Percent ? bad : null;
            if (weather is not null)
            {
                Interlocked.Increment(ref _worsened);
                await Task.WhenAny(Task.Delay(weather.Latency, ct), sky.IsOver.Task);      // when it is over, nothing is held back any more
                ct.ThrowIfCancellationRequested();
            }

            context.Response.StatusCode = weather?.Status ?? (int)answer.StatusCode;
            if (weather is { Status: { } instead, Body: { } body })
            {
                context.Response.ContentType = weather.ContentType;
                await context.Response.WriteAsync(body.Length > 0 ? body : ReasonPhrases.GetReasonPhrase(instead), ct);
                return;
            }

            await CopyAsync(answer, context.Response, ct);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or OperationCanceledException)
        {
            context.Abort();        // one of the two has gone, and the other one hears that, as without us
        }
    }

    private HttpRequestMessage Copy(HttpContext context)
    {
        var asked = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(asked.Method), new Uri(_prefix + context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, AsItIs));
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            request.Content = new StreamContent(asked.Body);
        }

        foreach (var (name, values) in asked.Headers.Where(header => !OfTheConnection.Contains(header.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        return request;
    }

    // Each piece as it comes: streams say something every now and then.
    private static async Task CopyAsync(HttpResponseMessage from, HttpResponse to, CancellationToken ct)
    {
        foreach (var (name, values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated).Where(header => !OfTheConnection.Contains(header.Key)))
        {
            to.Headers[name] = values.ToArray();
        }

        await using var body = await from.Content.ReadAsStreamAsync(ct);
        var buffer = new byte[16 * 1024];
        await to.StartAsync(ct);
        for (int length; (length = await body.ReadAsync(buffer, ct)) > 0;)
        {
            await to.Body.WriteAsync(buffer.AsMemory(0, length), ct);
            await to.Body.FlushAsync(ct);
        }
    }

    /// <summary>A weather, and the moment at which another one came.</summary>
    private sealed record Sky(HttpWeather? Weather)
    {
        public TaskCompletionSource IsOver { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>It ends when its owner ends it: signals are for the lab, which has to undo things first.</summary>
    private sealed class OfItsOwner : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
