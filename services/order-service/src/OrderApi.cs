using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Said = Argosy.Contracts.Order.V1;

namespace Argosy.Orders;

internal static class OrderApi
{
    public static Problem Unknown { get; } = Problem.NotFound("order.unknown", "There is no such order.");

    public static void MapOrders(this WebApplication app)
    {
        var orders = app.MapGroup("/api/v1/orders");
        orders.MapPost("/", PlaceAsync).Writes(Idempotency.Required).Begins(Checkout.Saga)
            .WithSummary("Place an order").Answers<OrderView>(202, "Taken; whether it is paid and shipped, its status will say.");
        orders.MapGet("/", ListAsync)
            .WithSummary("List orders, the newest first: one's own, an administrator's are all").Answers<Page<OrderView>>(200, "A page of orders.");
        orders.MapGet("/{id}", FindAsync).HasETag()
            .WithSummary("Read an order").Answers<OrderView>(200, "The order.");
        orders.MapGet("/{id}/history", HistoryAsync)
            .WithSummary("Read what happened to an order").Answers<History>(200, "Its events, the oldest first.");
        orders.MapGet("/{id}/stream", OrderStream.StreamAsync).Streams().TakesHeader("Last-Event-ID", "The id of the last event that came.")
            .WithSummary("Follow an order").Answers<string>(200, OrderStream.Meaning, "text/event-stream").Answers(204, "Nothing more will happen.");
        orders.MapPost("/{id}/cancel", CancelAsync).Writes()
            .WithSummary("Cancel an order").Answers<OrderView>(202, "The order; what was done for it is being undone.");
    }

    private static async Task<IResult> PlaceAsync(
        PlaceOrder request, Caller caller, OrderPrices prices, OrderAddresses addresses, OrderViews views, WriteSet work, CancellationToken cancellation)
    {
        if (OrderRequests.Check(request) is { } invalid)
        {
            return invalid.ToResult();
        }

        // An order's id comes from its key, so a key whose answer has been forgotten still can't make a second order.
        var id = work.NewId();
        if (await views.FindAsync(id, caller.Id, cancellation) is { } earlier)
        {
            return Problem.Unprocessable("idempotency.forgotten", $"This Idempotency-Key made order {earlier.View.Id} long ago: take a new key for a new order.").ToResult();
        }

        var lines = new List<OrderLine>();
        foreach (var wanted in request.Lines!)
        {
            var (line, unpriced) = await prices.PriceAsync(wanted.Sku!, wanted.Quantity, work, cancellation);
            if (unpriced is not null)
            {
                return unpriced.ToResult();
            }

            lines.Add(line!);
        }

        var (address, unaddressed) = request.ShippingAddress is { } given ? (given, null) : await addresses.DefaultAsync(cancellation);
        return unaddressed is not null ? unaddressed.ToResult() : Place(id, caller.Id, lines, address!, request.PaymentToken!, work);
    }

    // Order, saga, first step, first command and, by the filter, the idempotency record: one commit.
    internal static IResult Place(string id, string customer, List<OrderLine> lines, Address address, string paymentToken, WriteSet work)
    {
        var decision = Order.Place(customer, lines, address, work.Now);
        if (decision.Problem is { } refusal)
        {
            return refusal.ToResult();
        }

        var order = decision.Events.Aggregate(Order.None, (state, happened) => state.Evolve(happened));
        work.Append(Order.Stream, id, 0, decision.Events);
        Checkout.Saga.Start(work, id, new CheckoutState(id, customer, lines, order.Total, address, paymentToken));
        work.Publish(new Said.OrderPlaced { OrderId = id, CustomerId = customer, Total = Checkout.ToWire(order.Total), Lines = { lines.Select(Checkout.ToWire) } });
        return TypedResults.Accepted($"/api/v1/orders/{id}", OrderView.Of(id, order));
    }

    // A condition is honoured where one is sent: who wants out wants out of whatever the order has become.
    internal static async Task<IResult> CancelAsync(
        string id, CancelOrder? request, IfMatch ifMatch, Caller caller, IStore store, WriteSet work, CancellationToken cancellation)
    {
        var reason = request?.Reason ?? "Cancelled by the customer.";
        if (OrderRequests.Check(reason) is { } invalid)
        {
            return invalid.ToResult();
        }

        var (order, version) = await store.LoadAsync(Order.Stream, id, cancellation);
        if (version == 0 || (order.Customer != caller.Id && !caller.IsAdmin))
        {
            return Unknown.ToResult();
        }

        if (ifMatch.Versions is not null && ifMatch.Check(version) is { } stale)
        {
            return stale.ToResult();
        }

        var decision = order.Cancel(reason, work.Now);
        if (decision.Problem is { } refusal)
        {
            return refusal.ToResult();
        }

        if (decision.Events.Count > 0)
        {
            work.Append(Order.Stream, id, version, decision.Events);
            if (await Checkout.Saga.CancelAsync(work, store, id, reason, cancellation) is { } tooLate)
            {
                return tooLate.ToResult();
            }
        }

        order = decision.Events.Aggregate(order, (state, happened) => state.Evolve(happened));
        return TypedResults.Accepted($"/api/v1/orders/{id}", OrderView.Of(id, order));
    }

    private static async Task<IResult> FindAsync(string id, Caller caller, OrderViews views, CancellationToken cancellation) =>
        await views.FindAsync(id, caller.IsAdmin ? null : caller.Id, cancellation) is { } found ? TypedResults.Ok(found.View).WithETag(found.Version) : Unknown.ToResult();

    private static async Task<IResult> ListAsync(Paging paging, Caller caller, OrderViews views, CancellationToken cancellation)
    {
        if (!OrderViews.TryReadKey(paging.After, out var before))
        {
            return Problem.Invalid("request.invalid", "The cursor must be the nextCursor of the page before.").ToResult();
        }

        var found = await views.ListAsync(caller.IsAdmin ? null : caller.Id, before, paging.Take, cancellation);
        return TypedResults.Ok(paging.Of(found, OrderViews.KeyOf, order => order));
    }

    private static async Task<IResult> HistoryAsync(string id, Caller caller, OrderViews views, IStore store, CancellationToken cancellation)
    {
        if (await views.FindAsync(id, caller.IsAdmin ? null : caller.Id, cancellation) is null)
        {
            return Unknown.ToResult();
        }

        var events = await store.ReadStreamAsync(Order.Stream, id, cancellation);
        return TypedResults.Ok(new History([.. events.Select(e =>
            new HistoryEntry(e.Version, e.Type, DateTimeOffset.FromUnixTimeMilliseconds(e.At), JsonSerializer.Deserialize<JsonElement>(e.Data)))]));
    }
}
