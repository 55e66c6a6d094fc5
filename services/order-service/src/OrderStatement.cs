using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Orders;

/// <summary><c>GET /admin/statement</c>: what this service says of every order, for whoever holds it against what others say.</summary>
internal static class OrderStatement
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static void MapStatement(this WebApplication app) => app.MapGroup("/admin").RequireAdmin().MapGet("/statement", ListAsync)
        .WithSummary("Say how every order stands").Answers<Page<StatedOrder>>(200, "A page, by the orders' ids.");

    private static async Task<IResult> ListAsync(Paging paging, IStore store, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<Row>(
            """
            select v.id as Id, v.status as Status, v.total as Total, v.currency as Currency, v.lines as Lines, s.state as Saga
            from order_view v left join saga s on s.id = 'checkout/' || v.id where v.id > @after order by v.id limit @limit
            """,
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.Id, row => row.ToStated()));
    }

    private sealed record Row(string Id, string Status, long Total, string Currency, string Lines, string? Saga)
    {
        public StatedOrder ToStated() => new(
            Id, Status, new Money(Total, Currency), [.. JsonSerializer.Deserialize<List<OrderLine>>(Lines, Json)!.Select(line => new StatedLine(line.Sku, line.Quantity))], Saga);
    }
}

/// <param name="OrderId">The order.</param>
/// <param name="Status">As the customer sees it, stuck sagas aside.</param>
/// <param name="Total">What it costs.</param>
/// <param name="Lines">What is in it.</param>
/// <param name="Saga">Where its checkout is.</param>
internal sealed record StatedOrder(string OrderId, string Status, Money Total, IReadOnlyList<StatedLine> Lines, string? Saga) : IExample<StatedOrder>
{
    public static StatedOrder Example { get; } = new(OrderView.Example.Id, "confirmed", OrderView.Example.Total, [new StatedLine("TEA-SENCHA", 2)], "completed");
}

internal sealed record StatedLine(string Sku, int Quantity);
