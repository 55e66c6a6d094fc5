using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Serialization.Metadata;
using Argosy.Cli.Access;

namespace Argosy.Cli.Demo;

/// <summary>Reads everybody's books.</summary>
internal sealed class Auditor(Session admin, IReadOnlyList<Session> customers, PatientHttp provider, string providerKey)
{
    private const int Readers = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public async Task<Observation> ReadAsync(DemoPlan plan, IReadOnlyList<OrderRecord> records, CancellationToken ct)
    {
        var own = records.Select(r => r.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var ledger = await GetAsync(provider, Ask.Get("/ledger") with { Token = providerKey }, DemoWire.Default.Ledger, ct);
        var others = ledger.Entries.Select(e => e.OrderId).Where(id => !string.IsNullOrEmpty(id) && !own.Contains(id)).Select(id => id!).Distinct(StringComparer.Ordinal);
        var payments = await EachAsync(own, id => AllAsync(admin, $"/api/v1/payments?orderId={id}", DemoWire.Default.PaymentPage, ct), ct);
        var shipments = await EachAsync(own, id => AllAsync(admin, $"/api/v1/shipments?orderId={id}", DemoWire.Default.ShipmentPage, ct), ct);
        return new Observation
        {
            Orders = await EachAsync(own, id => OrderAsync(id, ct), ct),
            CustomersOrders = [.. (await Task.WhenAll(customers.Select(c => AllAsync(c, "/api/v1/orders?limit=100", DemoWire.Default.OrderPage, ct)))).SelectMany(o => o)],
            Payments = Flat(payments),
            Shipments = Flat(shipments),
            Items = await EachAsync(plan.Items.Select(i => i.Sku), sku => ItemAsync(sku, ct), ct),
            Ledger = ledger.Entries,
            OtherOrders = await EachAsync(others, id => OrderAsync(id, ct), ct),
        };
    }

    private async Task<Order?> OrderAsync(string id, CancellationToken ct)
    {
        var answer = await admin.AskAsync(Ask.Get($"/api/v1/orders/{Uri.EscapeDataString(id)}"), Patience, ct);
        return answer.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest ? null : Read(answer, $"order {id}", DemoWire.Default.Order);
    }

    private async Task<Item> ItemAsync(string sku, CancellationToken ct) =>
        Read(await admin.AskAsync(Ask.Get($"/api/v1/items/{sku}"), Patience, ct), $"item {sku}", DemoWire.Default.Item);

    private static async Task<List<T>> AllAsync<T>(Session who, string path, JsonTypeInfo<Page<T>> type, CancellationToken ct)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var next = cursor is null ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}";
            var page = Read(await who.AskAsync(Ask.Get(next), Patience, ct), next, type);
            all.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return all;
    }

    private static async Task<T> GetAsync<T>(PatientHttp http, Ask ask, JsonTypeInfo<T> type, CancellationToken ct) =>
        Read(await http.AskAsync(ask, Patience, ct), ask.Path, type);

    private static T Read<T>(Answer answer, string what, JsonTypeInfo<T> type) =>
        answer.IsSuccess ? answer.Read(type) : throw new Refusal($"the books can't be read: {what} is answered with {answer}");

    private static async Task<Dictionary<string, T>> EachAsync<T>(IEnumerable<string> keys, Func<string, Task<T>> read, CancellationToken ct)
    {
        var found = new ConcurrentDictionary<string, T>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = ct },
            async (key, _) => found[key] = await read(key));
        return new Dictionary<string, T>(found, StringComparer.Ordinal);
    }

    private static ILookup<string, T> Flat<T>(Dictionary<string, List<T>> found) =>
        found.SelectMany(f => f.Value, (f, value) => (f.Key, Value: value)).ToLookup(f => f.Key, f => f.Value, StringComparer.Ordinal);
}
