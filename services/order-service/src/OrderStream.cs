using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Orders;

/// <summary>
/// <c>GET /api/v1/orders/{id}/stream</c>: the order's status as server-sent events. Each event's id is the order's version, so a
/// client that comes back with <c>Last-Event-ID</c> misses nothing and sees nothing twice. <c>attention</c> has none, since it comes and goes at one version: who comes
/// back then is told how it is now. Ends when nothing more can happen, and when its token has expired: who comes back brings a new one.
/// </summary>
internal static class OrderStream
{
    public const string Meaning = "Server-sent events: `status` with the order each time that its status changes, `heartbeat` while nothing does.";

    private const string Attention = "attention";
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static async Task<IResult> StreamAsync(string id, HttpContext http, Caller caller, OrderViews views, OrderFeed feed, TimeProvider time)
    {
        var customer = caller.IsAdmin ? null : caller.Id;
        if (await views.FindAsync(id, customer, http.RequestAborted) is not { } found)
        {
            return OrderApi.Unknown.ToResult();
        }

        _ = long.TryParse(http.Request.Headers["Last-Event-ID"], out var last);
        if (HasEnded(found.View) && last >= found.Version)
        {
            return TypedResults.NoContent();        // tells an EventSource that comes back to stay away
        }

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(FollowAsync(id, customer, last, caller.Expires, views, feed, time, http.RequestAborted));
    }

    private static bool HasEnded(OrderView order) => order.Status is "shipped" or "cancelled";

    private static async IAsyncEnumerable<SseItem<OrderView?>> FollowAsync(
        string id, string? customer, long last, DateTimeOffset until, OrderViews views, OrderFeed feed, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var watch = feed.Subscribe(id);
        string? shown = null;
        while (time.GetUtcNow() < until)
        {
            var seen = watch.Changed.Version;
            if (await views.FindAsync(id, customer, cancellation) is not { } found)
            {
                yield break;
            }

            // Whether an order needs attention is derived from its saga, and comes and goes without an event.
            if (found.Version > last || (shown is null ? found.View.Status == Attention : found.View.Status != shown))
            {
                (last, shown) = (found.Version, found.View.Status);
                yield return new SseItem<OrderView?>(found.View, "status") { EventId = shown == Attention ? null : last.ToString() };
            }

            if (HasEnded(found.View))
            {
                yield break;
            }

            await watch.Changed.WaitAsync(seen, Heartbeat, time, cancellation);
            if (watch.Changed.Version == seen)
            {
                yield return new SseItem<OrderView?>(null, "heartbeat");
            }
        }
    }
}
