using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting;

/// <summary><c>GET /admin/breakers</c>: how the breakers of this process stand.</summary>
internal static class BreakerAdmin
{
    public static RouteHandlerBuilder MapBreakers(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/breakers", static (Breakers breakers) => Results.Json(new Listed(breakers.View()), StrictJson.Options));

    private sealed record Listed(IReadOnlyList<BreakerView> Items);
}
