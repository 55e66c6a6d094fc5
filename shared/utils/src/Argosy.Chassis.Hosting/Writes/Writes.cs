using Argosy.Chassis.Hosting.Writes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting;

/// <summary>What an endpoint does with <c>Idempotency-Key</c>.</summary>
public enum Idempotency
{
    /// <summary>A key is honoured where it comes.</summary>
    Optional,

    /// <summary>No key, 400.</summary>
    Required,

    /// <summary>No key is looked at: what is made has a name of its own that is there once, and the body is too secret for a hash of it to be kept.</summary>
    Ignored,
}

/// <summary>Marks an endpoint that changes something.</summary>
internal sealed record WritesMetadata(Idempotency Idempotency);

/// <summary>Endpoints that change something.</summary>
public static class WritesExtensions
{
    /// <summary>
    /// The handler fills its <see cref="Store.WriteSet"/> and returns the answer; what it filled and the answer to the idempotency
    /// key are committed as one, and only then is the answer sent. On a conflict the handler runs again on fresh reads.
    /// </summary>
    public static RouteHandlerBuilder Writes(this RouteHandlerBuilder route, Idempotency idempotency = Idempotency.Optional) =>
        route.WithMetadata(new WritesMetadata(idempotency)).AddEndpointFilter<WritesFilter>();

    /// <summary>Makes room for <see cref="Writes"/>: behind authentication and routing, before the endpoints.</summary>
    internal static IApplicationBuilder UseIdempotencyKeys(this IApplicationBuilder app) => app.UseMiddleware<IdempotencyMiddleware>();
}
