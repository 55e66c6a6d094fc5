using System.Text.Json.Serialization.Metadata;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Reconcile;

/// <summary>Asks everybody, page by page. The pages are of different instants: what contradicts itself for that reason does so once.</summary>
internal sealed class BooksReader(Desk desk, ProcessEntry provider)
{
    private const int Limit = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task<Books> ReadAsync(CancellationToken ct)
    {
        var orders = AllAsync("order-service", "/admin/statement", BooksJson.Default.Orders, ct);
        var payments = AllAsync("payment-service", "/admin/statement", BooksJson.Default.Payments, ct);
        var reservations = AllAsync("inventory-service", "/admin/statement", BooksJson.Default.Reservations, ct);
        var stock = AllAsync("inventory-service", "/admin/stock", BooksJson.Default.Stock, ct);
        var shipments = AllAsync("shipping-service", "/admin/statement", BooksJson.Default.Shipments, ct);
        var books = new Books(await orders, await payments, await LedgerAsync(ct), await reservations, await stock, await shipments);
        return books.Stock.Any(shelf => shelf.Held is null || shelf.Bought is null)
            ? throw new Refusal("inventory-service is of an earlier version than this command, and doesn't say what orders hold of a shelf: ./argosy restart inventory-service")
            : books;
    }

    private async Task<IReadOnlyList<T>> AllAsync<T>(string service, string path, JsonTypeInfo<Page<T>> type, CancellationToken ct)
    {
        var process = desk.Services(service)[0];
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var query = cursor is null ? $"?limit={Limit}" : $"?limit={Limit}&cursor={Uri.EscapeDataString(cursor)}";
            var page = (await desk.AskAsync(process, Ask.Get(path + query), ct)).Read(type);
            all.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return all;
    }

    private async Task<IReadOnlyList<LedgerEntry>> LedgerAsync(CancellationToken ct)
    {
        using var http = new PatientHttp(provider.Url, desk.Time);
        var answer = await http.AskAsync(Ask.Get("/ledger"), Patience, ct);
        return answer.IsSuccess ? answer.Read(BooksJson.Default.Ledger).Entries : throw new Refusal($"{provider.Name} answers {answer} to GET /ledger");
    }
}
