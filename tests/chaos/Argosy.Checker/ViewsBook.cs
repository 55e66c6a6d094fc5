using Microsoft.Data.Sqlite;

namespace Argosy.Checker;

/// <summary>
/// Book i for orders: every stream is folded anew and held against its row of the read model. Both are read once, side by side in
/// the order of their ids, so that a long history costs time and no memory.
/// </summary>
internal static class ViewsBook
{
    private const string Events =
        "select substr(stream, length('order-') + 1), version, type, data from orders.es_event where stream >= 'order-' and stream < 'order.' order by stream, version";

    private const string Views =
        "select id, customer, status, reason, total, currency, lines, address, tracking, placed, updated, version from orders.order_view order by id";

    /// <param name="prices">The part of the book that is queries.</param>
    /// <param name="databases">Where the events and the rows are.</param>
    public static BookResult Check(BookResult prices, Databases databases)
    {
        using var readEvents = databases.Command(Events);
        using var readViews = databases.Command(Views);
        using var events = readEvents.ExecuteReader();
        using var views = readViews.ExecuteReader();
        var findings = new List<Finding>();
        var (orders, hasEvent, hasView) = (0, events.Read(), views.Read());
        while (hasEvent || hasView)
        {
            var order = hasEvent ? events.GetString(0) : null;
            var which = order is null ? 1 : hasView ? string.CompareOrdinal(order, views.GetString(0)) : -1;
            if (which > 0)
            {
                findings.Add(Of($"the read model has order {views.GetString(0)}, and it has no events", views.GetString(0), databases));
                hasView = views.Read();
                continue;
            }

            var (rebuilt, wrong) = Fold(events, order!, out hasEvent);
            orders++;
            if (wrong is not null)
            {
                findings.Add(Of($"order {order} can't be rebuilt: {wrong}", order!, databases));
            }
            else if (which < 0)
            {
                findings.Add(Of($"order {order} has {rebuilt!.Version} events and is {rebuilt.Status}, and the read model has no row of it", order!, databases));
            }
            else if (OrderRow.Difference(rebuilt!, Row(views)) is { } difference)
            {
                findings.Add(Of($"order {order} rebuilt from its events differs from the read model: {difference}", order!, databases));
            }

            hasView = which == 0 ? views.Read() : hasView;
        }

        return prices with { Summary = $"{orders} orders rebuilt from their events, {prices.Summary} compared", Findings = [.. prices.Findings, .. findings] };
    }

    private static Finding Of(string says, string order, Databases databases) =>
        new(says) { Facts = [.. databases.Facts($"orders.es_event/stream/order-{order}"), .. databases.Facts($"orders.order_view/id/{order}")] };

    // Reads one stream to its end; the reader then stands on the next one.
    private static (OrderRow? Row, string? Wrong) Fold(SqliteDataReader events, string order, out bool hasMore)
    {
        OrderRow? row = null;
        string? wrong = null;
        do
        {
            try
            {
                row = wrong is null ? OrderFold.Next(row, events.GetInt64(1), events.GetString(2), events.GetString(3)) : row;
            }
            catch (FormatException e)
            {
                wrong = e.Message;
            }

            hasMore = events.Read();
        }
        while (hasMore && events.GetString(0) == order);
        return (row, wrong);
    }

    private static OrderRow Row(SqliteDataReader view) => new(
        view.GetString(1), view.GetString(2), view.IsDBNull(3) ? null : view.GetString(3), view.GetInt64(4), view.GetString(5), view.GetString(6), view.GetString(7),
        view.IsDBNull(8) ? null : view.GetString(8), view.GetInt64(9), view.GetInt64(10), view.GetInt64(11));
}
