using System.Net;
using System.Text;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace Argosy.Gateway;

/// <summary>How it ended, and why where that matters.</summary>
internal readonly record struct ForwardResult(Ended Ended, Exception? Cause)
{
    /// <summary>Nobody took the connection: nothing of the request has left.</summary>
    public bool NotSent => Ended == Ended.ConnectTimedOut
        || (Ended == Ended.Unreachable && Cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError });
}

/// <summary>
/// The one file that knows YARP (docs/decisions/0004-yarp-forwarder-only.md): its forwarder copies headers and bodies both ways,
/// everything else is ours.
/// </summary>
internal sealed class Forwarding(IHttpForwarder forwarder) : IDisposable
{
    /// <summary>A machine that doesn't answer at all is as good as down.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Without a byte in either direction for so long, there is nobody there. Streams send a heartbeat every 15 s.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private static readonly ForwarderRequestConfig Config = new()
    {
        ActivityTimeout = Silence,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private readonly HttpMessageInvoker _client = new(new LostConnectionHandler(Connections()));

    public static void Add(IServiceCollection services) => services.AddHttpForwarder().AddSingleton<Forwarding>();

    public async ValueTask<ForwardResult> SendAsync(HttpContext context, Passage passage, UpstreamInstance to, CancellationToken timeUp)
    {
        var error = await forwarder.SendAsync(context, to.Prefix, _client, Config, new Transformer(passage, to), timeUp);
        if (error == ForwarderError.None)
        {
            return new(Ended.Answered, null);
        }

        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (error == ForwarderError.RequestCreation)
        {
            throw new InvalidOperationException("A request that was let in cannot be sent on.", cause);
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return new(Ended.ClientGone, cause);
        }

        return new(context.Response.HasStarted ? Ended.Truncated : Classify(error, cause, timeUp), cause);
    }

    public void Dispose() => _client.Dispose();

    private static Ended Classify(ForwarderError error, Exception? cause, CancellationToken timeUp) => error switch
    {
        _ when timeUp.IsCancellationRequested => Ended.TimedOut,
        ForwarderError.RequestTimedOut when cause is OperationCanceledException { InnerException: TimeoutException } => Ended.ConnectTimedOut,
        ForwarderError.RequestTimedOut => Ended.TimedOut,
        ForwarderError.RequestBodyClient => Ended.BadBody,
        ForwarderError.ResponseHeaders => Ended.InvalidAnswer,
        _ when cause is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            => Ended.InvalidAnswer,
        _ => Ended.Unreachable,
    };

    /// <summary>
    /// Connections that follow nothing, remember nothing and go nowhere but to the upstream. Their number is bounded by
    /// <see cref="Upstream"/>, which refuses what this handler would queue.
    /// </summary>
    private static SocketsHttpHandler Connections() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        MaxConnectionsPerServer = Upstream.MaxRequests + Upstream.MaxStreams,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),            // less than Kestrel's, or we would send into a closing one
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),               // so that a moved address is found
        MaxResponseHeadersLength = 32,
        ActivityHeadersPropagator = null,                                 // trace context is set by Passage

        // Bytes beyond ASCII in a header pass as they are (Program does the same for the server's side).
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };

    private sealed class Transformer(Passage passage, UpstreamInstance to) : HttpTransformer
    {
        private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

        // The path was normalised before it was routed; sending another than the one decided upon would undo the decision.
        public override ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            proxyRequest.RequestUri = new Uri(string.Concat(destinationPrefix, passage.Path, passage.Query), AsItIs);
            RequestHeaders.Copy(httpContext, proxyRequest);
            RequestHeaders.SetOwn(httpContext, proxyRequest, passage);
            return default;
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            if (!await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken))
            {
                return false;
            }

            var headers = httpContext.Response.Headers;
            headers.Remove("Server");
            if (headers.Remove(ClosedDoor.Header, out var closed) && httpContext.Response.StatusCode == StatusCodes.Status503ServiceUnavailable)
            {
                to.Door?.Note(httpContext.Request.Method, passage.Path, closed);
            }

            headers[Correlation.Header] = passage.CorrelationId;
            if (httpContext.Response.ContentType is { } type && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
            {
                await httpContext.Response.Body.FlushAsync(cancellationToken);      // the client sees that it is connected, before the first event
            }

            return true;
        }
    }
}
