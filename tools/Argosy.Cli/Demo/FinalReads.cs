using Argosy.Checker.History;
using Argosy.Cli.Access;

namespace Argosy.Cli.Demo;

/// <summary>
/// The second phase of a run: nobody asks for anything any more, and what everything has come to is read once. It settles what no answer
/// said: an order that its customer does not have now was never placed.
/// </summary>
internal sealed class FinalReads(Recorder recorder, TimeProvider time, TimeSpan patience)
{
    /// <summary>How long orders may take to come to rest; then they are read as they are.</summary>
    public static readonly TimeSpan RestWithin = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task ReadAsync(IReadOnlyList<Session> customers, Session admin, IReadOnlyList<PlannedItem> items, CancellationToken ct)
    {
        foreach (var customer in customers)
        {
            await recorder.FinalOrdersAsync(customer, await OrdersAsync(customer, ct), ct);
        }

        foreach (var item in items)
        {
            var ask = Ask.Get($"/api/v1/items/{item.Sku}") with { IsFresh = true };
            await recorder.AskAsync(admin, ask, Recorder.About(Act.Count) with { Sku = item.Sku, Final = true }, patience, ct);
        }
    }

    private async Task<(DateTimeOffset Asked, IReadOnlyList<Order> Orders)> OrdersAsync(Session customer, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var asked = recorder.Now;
            var orders = await AllAsync(customer, ct);
            if (orders.All(order => order.Status is "confirmed" or "shipped" or "cancelled") || time.GetElapsedTime(began) > RestWithin)
            {
                return (asked, orders);
            }

            await Task.Delay(Pause, time, ct);
        }
    }

    private async Task<IReadOnlyList<Order>> AllAsync(Session customer, CancellationToken ct)
    {
        var orders = new List<Order>();
        string? cursor = null;
        do
        {
            var answer = await customer.AskAsync(Ask.Get($"/api/v1/orders?limit=100{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}"), patience, ct);
            if (!answer.IsSuccess)
            {
                throw new Refusal($"the orders of {customer.Who} can't be read in the end: {answer}");
            }

            var page = answer.Read(DemoWire.Default.OrderPage);
            orders.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return orders;
    }
}
