using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Orders;
using Argosy.Shipping;
using Microsoft.AspNetCore.Http;
using Address = Argosy.Orders.Address;

namespace Argosy.Simulation;

/// <summary>What somebody was told: the status of an answer that really came.</summary>
internal sealed record Told(OrderPlan Order, string What, int Status);

/// <summary>
/// Customers and the carrier: they run the endpoints' own handlers in the service's process, as the write filter does, and ask again
/// until they are answered. What they were told is remembered; nothing may contradict it later.
/// </summary>
internal sealed class People(World world)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly HashSet<string> NoScopes = [];

    private readonly List<Told> _told = [];
    private int _unanswered;

    public IReadOnlyList<Told> Told => _told;

    /// <summary>Whether everybody has been answered.</summary>
    public bool AreContent => _unanswered == 0;

    public void Begin()
    {
        foreach (var order in world.Plan.Orders)
        {
            Wants(order.PlaceAt, order, "place", World.Orders, (store, time) => PlaceAsync(order, store, time));
            if (order.CancelAt is { } cancel)
            {
                Wants(cancel, order, "cancel", World.Orders, (store, time) => WriteAsync($"cancel {order.Cause}", World.Orders, store, time, work =>
                    OrderApi.CancelAsync(order.Id, new CancelOrder("Changed my mind."), new IfMatch(null, Any: false), new Caller("ada", false, "", NoScopes), store, work, CancellationToken.None)));
            }

            if (order.DispatchAt is { } dispatch)
            {
                Wants(dispatch, order, "collect", World.Shipping, (store, time) => WriteAsync($"collect {order.Cause}", World.Shipping, store, time, work =>
                    ShipmentApi.DispatchAsync(Shipment.IdOf(order.Id), new Shipments(store), work, CancellationToken.None)));
            }
        }
    }

    private void Wants(TimeSpan at, OrderPlan order, string what, string service, Func<IStore, TimeProvider, Task<int>> ask)
    {
        _unanswered++;
        var answered = false;
        var turns = world.Turns;
        turns.In(at, $"somebody wants to {what} {order.Id}", Try);

        void Try()
        {
            if (answered)
            {
                return;
            }

            // Whatever becomes of this try: who has no answer asks again.
            turns.In(Patience, $"somebody waits for: {what} {order.Id}", Try);
            var status = 0;
            world.Find(service).Ask(async (store, time) => status = await ask(store, time), error => Hear(error is null ? status : 503));
        }

        void Hear(int status)
        {
            turns.Trace.Say(turns, "world", $"{what} {order.Id} is answered {status}");
            if (!answered && status < 500)
            {
                answered = true;
                _unanswered--;
                _told.Add(new Told(order, what, status));
            }
        }
    }

    // The order's identity comes from the request, as with an Idempotency-Key: one that is there already was placed by an earlier try.
    private static async Task<int> PlaceAsync(OrderPlan order, IStore store, TimeProvider time)
    {
        var known = await store.FirstOrDefaultAsync<long>("select count(*) from order_view where id = @id", new { id = order.Id });
        return known > 0 ? 202 : await WriteAsync(order.Cause, World.Orders, store, time, work => Task.FromResult(
            OrderApi.Place(work.NewId(), "ada", [.. order.Lines], new Address("Ada", "1 Main St", "Berlin", "10115", order.Country), order.Token, work)));
    }

    // As WritesFilter does, without idempotency records.
    private static async Task<int> WriteAsync(string cause, string service, IStore store, TimeProvider time, Func<WriteSet, Task<IResult>> handle)
    {
        for (var conflicts = 1; conflicts < Dispatch.MaxConflicts; conflicts++)
        {
            var work = new WriteSet(new MessageContext(cause, service, new MessageHeaders { CorrelationId = cause }), time.GetUtcNow());
            var status = ((IStatusCodeHttpResult)await handle(work)).StatusCode ?? 200;
            if (status >= 400 || work.IsEmpty)
            {
                return status;
            }

            switch ((await store.CommitAsync(work)).Result)
            {
                case CommitResult.Committed:
                    return status;
                case CommitResult.Conflict:
                    continue;
                default:
                    return 503;
            }
        }

        return 503;
    }
}
