using System.Globalization;
using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Store;

namespace Argosy.Orders;

/// <summary>Orders as they are read: a projection of the events, brought up to date in the events' own commit.</summary>
internal sealed class OrderViews(IStore store)
{
    // Plain columns only: what the driver makes of a computed one depends on the first row, and there may be none.
    private const string Select =
        """
        select v.id as Id, v.customer as Customer, v.status as Status, v.reason as Reason,
               v.total as Total, v.currency as Currency, v.lines as Lines, v.address as Address, v.tracking as Tracking,
               v.placed as Placed, v.updated as Updated, v.version as Version, s.state as Saga
        from order_view v left join saga s on s.id = 'checkout/' || v.id
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static string StatusText(OrderStatus status) => status.ToString().ToLowerInvariant();

    public static void Project(string table, string id, long version, OrderEvent happened, WriteSet work)
    {
        switch (happened)
        {
            case OrderPlaced e:
                Insert(table, id, e, work);
                break;
            case OrderConfirmed e:
                Update(table, id, version, OrderStatus.Confirmed, null, e.TrackingNumber, e, work);
                break;
            case OrderShipped e:
                Update(table, id, version, OrderStatus.Shipped, null, e.TrackingNumber, e, work);
                break;
            case OrderCancelRequested e:
                Update(table, id, version, OrderStatus.Cancelling, e.Reason, null, e, work);
                break;
            case OrderCancelRefused e:
                Update(table, id, version, OrderStatus.Confirmed, null, null, e, work);
                break;
            case OrderCancelled e:
                Update(table, id, version, OrderStatus.Cancelled, e.Reason, null, e, work);
                break;
            default:
                throw new InvalidOperationException($"{happened.GetType().Name} has no projection.");
        }
    }

    /// <summary>The order and its version, where the caller may see it.</summary>
    public async Task<(OrderView View, long Version)?> FindAsync(string id, string? customer, CancellationToken cancellation)
    {
        var row = await store.FirstOrDefaultAsync<Row>($"{Select} where v.id = @id", new { id }, cancellation);
        return row is null || (customer is not null && row.Customer != customer) ? null : (row.ToView(), row.Version);
    }

    /// <summary>Orders, newest first; of one customer, or of all where <paramref name="customer"/> is null.</summary>
    public async Task<IReadOnlyList<OrderView>> ListAsync(string? customer, (long Placed, string Id) before, int limit, CancellationToken cancellation)
    {
        var mine = customer is null ? "" : "v.customer = @customer and";
        var rows = await store.QueryAsync<Row>(
            $"{Select} where {mine} (v.placed < @placed or (v.placed = @placed and v.id < @id)) order by v.placed desc, v.id desc limit @limit",
            new { customer, placed = before.Placed, id = before.Id, limit = (long)limit }, cancellation);
        return [.. rows.Select(row => row.ToView())];
    }

    /// <summary>What a page goes on from: the instant in milliseconds and the id, so that it is unique.</summary>
    public static string KeyOf(OrderView order) => $"{order.PlacedAt.ToUnixTimeMilliseconds()}/{order.Id}";

    /// <summary>Reads what <see cref="KeyOf"/> wrote; without one a list begins with the newest.</summary>
    public static bool TryReadKey(string? key, out (long Placed, string Id) before)
    {
        before = (long.MaxValue, "");
        if (key is null)
        {
            return true;
        }

        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !long.TryParse(key.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var placed))
        {
            return false;
        }

        before = (placed, key[(slash + 1)..]);
        return true;
    }

    private static void Insert(string table, string id, OrderPlaced e, WriteSet work) => work.Execute(
        $"""
        insert into {table} (id, customer, status, total, currency, lines, address, placed, updated, version)
        values (@id, @customer, 'pending', @total, @currency, @lines, @address, @at, @at, 1)
        """,
        new
        {
            id,
            customer = e.Customer,
            total = e.Total.Amount,
            currency = e.Total.Currency,
            lines = JsonSerializer.Serialize(e.Lines, Json),
            address = JsonSerializer.Serialize(e.ShippingAddress, Json),
            at = e.At.ToUnixTimeMilliseconds(),
        }, rows: 1);

    private static void Update(string table, string id, long version, OrderStatus status, string? reason, string? tracking, OrderEvent e, WriteSet work) => work.Execute(
        $"update {table} set status = @status, reason = @reason, tracking = coalesce(@tracking, tracking), updated = @at, version = @version where id = @id",
        new { id, status = StatusText(status), reason, tracking, at = e.At.ToUnixTimeMilliseconds(), version }, rows: 1);

    private sealed record Row(
        string Id, string Customer, string Status, string? Reason, long Total, string Currency, string Lines, string Address, string? Tracking, long Placed, long Updated, long Version, string? Saga)
    {
        // An order whose saga is stuck needs an operator. That is derived, so that it ends by itself when the saga goes on.
        public OrderView ToView() => new(
            Id, Saga == "stuck" ? "attention" : Status, Reason, new Money(Total, Currency), JsonSerializer.Deserialize<List<OrderLine>>(Lines, Json)!, JsonSerializer.Deserialize<Address>(Address, Json)!,
            Tracking, DateTimeOffset.FromUnixTimeMilliseconds(Placed), DateTimeOffset.FromUnixTimeMilliseconds(Updated));
    }
}
