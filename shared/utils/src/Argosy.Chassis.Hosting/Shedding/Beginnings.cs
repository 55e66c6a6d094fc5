using Argosy.Chassis.Sagas;
using Microsoft.AspNetCore.Builder;

namespace Argosy.Chassis.Hosting;

/// <summary>Endpoints that begin a saga.</summary>
public static class Beginnings
{
    /// <summary>
    /// A request of this endpoint begins a saga, and is refused (503) while those that were begun pile up (docs/decisions/0094-load-shedding.md).
    /// </summary>
    public static TBuilder Begins<TBuilder>(this TBuilder endpoint, Saga saga) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new BeginsMetadata(saga.Definition.Type)));
        return endpoint;
    }
}

/// <summary>Which type of saga an endpoint begins.</summary>
internal sealed record BeginsMetadata(string Saga);
