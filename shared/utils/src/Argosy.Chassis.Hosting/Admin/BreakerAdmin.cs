using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting;

/// <summary><c>GET /admin/breakers</c>: how the breakers of this process stand.</summary>
internal static class BreakerAdmin
{
    public static RouteHandlerBuilder MapBreakers(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/breakers", static (Breakers breakers) => Results.Json(new BreakerList(breakers.View()), StrictJson.Options)).WithName("breakerList")
            .WithSummary("Say how the breakers of this process stand").Answers<BreakerList>(200, "One for each dependency.");

    private sealed record BreakerList(IReadOnlyList<BreakerView> Items) : IExample<BreakerList>
    {
        public static BreakerList Example { get; } = new([new BreakerView("inventory-service", BreakerPhase.Closed, 0, null)]);
    }
}
