using Microsoft.AspNetCore.Builder;

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

    /// <summary>Not worth a line in the log when it goes well: polled or machine-to-machine.</summary>
    public static TBuilder Quiet<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new QuietMetadata()));
        return endpoint;
    }
}
