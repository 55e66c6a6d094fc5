using System.Diagnostics;
using System.Text;
using Argosy.Chassis.Hosting;
using Argosy.Gateway.Docs;
using Argosy.Gateway.Keys;
using Argosy.Gateway.Limits;

namespace Argosy.Gateway;

/// <summary>What makes a process the gateway.</summary>
internal static class EdgeSetup
{
    public static void AddEdge(this ArgosyBuilder argosy)
    {
        var builder = argosy.Host;

        // The forwarder writes an exception with its stack for every refused connection; the edge says the same in one line.
        builder.Logging.AddFilter("Yarp", LogLevel.None);

        // Two lines about every request of every page.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Cors", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            // Bytes beyond ASCII in a header pass as they are (Forwarding does the same for the upstreams' side).
            kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        });
        Forwarding.Add(argosy.Services);
        var proxies = argosy.AddTrustedProxies();
        argosy.AddBrowsers();
        var requests = argosy.AddLimits();
        argosy.Listens(new Connections(proxies, TimeProvider.System).Guard);
        argosy.AddDocs();
        argosy.AddUserKeys();
        argosy.Services.AddSingleton<DistributedContextPropagator>(new FreshTraces());

        if (PublicRoutes.Load(argosy.Settings, argosy.Options, requests) is not { } routes)
        {
            return;             // the errors are noted, and stop the start
        }

        argosy.Services.AddSingleton(routes);
        foreach (var upstream in routes.Upstreams)
        {
            argosy.Services.AddSingleton(upstream.Instances);
            argosy.Watches(upstream.Name, () => upstream.IsReachable ? null : "unreachable");
        }
    }

    /// <summary>Every request but those of the process's own endpoints ends here.</summary>
    public static void UseEdge(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.Use(Browsers.AddSecurityHeadersAsync);

        // Where people log in no page of anybody has anything to read (RFC 9700 §2.6).
        app.UseWhen(static context => !context.Request.Path.StartsWithSegments("/connect/authorize", StringComparison.OrdinalIgnoreCase), static others => others.UseCors());
        app.UseMiddleware<Edge>();
    }
}

/// <summary>
/// A public door begins its own traces: a stranger's <c>traceparent</c> would let them choose what is sampled and write into traces of
/// others, and their baggage would travel to every service. Who wants to find their request again sends X-Correlation-Id.
/// </summary>
internal sealed class FreshTraces : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        // Passed on by RequestHeaders, not by HttpClient.
    }

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
        => traceId = traceState = null;

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
