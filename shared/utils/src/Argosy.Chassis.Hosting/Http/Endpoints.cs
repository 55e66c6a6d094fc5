using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Argosy.Chassis.Hosting;

/// <summary>What endpoints may say about themselves, beyond the framework's own.</summary>
public static class Endpoints
{
    /// <summary>
    /// The answer is a stream: it has no deadline, and its token ends when the client leaves or the process stops. The endpoint
    /// itself bounds every single wait inside it.
    /// </summary>
    public static TBuilder Streams<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new StreamsMetadata()));
        return endpoint;
    }

    /// <summary>
    /// An endpoint for who routes by themselves: set on a request (<c>SetEndpoint</c>), it is what logs, spans and metrics call the
    /// request by. There must be few of them, so never a path.
    /// </summary>
    public static Endpoint Named(string route, bool streams) =>
        new(null, new EndpointMetadataCollection(streams ? [new RouteName(route), new StreamsMetadata()] : [new RouteName(route)]), route);

    /// <summary>Not worth a line in the log when it goes well: polled or machine-to-machine.</summary>
    public static TBuilder Quiet<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new QuietMetadata()));
        return endpoint;
    }

    private sealed record RouteName(string Route) : IRouteDiagnosticsMetadata;
}
