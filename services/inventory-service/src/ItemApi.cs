using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Inventory;

internal static class ItemApi
{
    private static readonly Problem Unknown = Problem.NotFound("item.unknown", "There is no such item.");

    public static void MapItems(this WebApplication app)
    {
        var items = app.MapGroup("/api/v1/items");
        items.MapGet("/", ListAsync).AllowAnonymous()
            .WithSummary("List items").Answers<Page<ItemView>>(200, "A page of items, by SKU.");
        items.MapGet("/{sku}", FindAsync).AllowAnonymous().HasETag()
            .WithSummary("Read an item").Answers<ItemView>(200, "The item; what is reserved and sold only for administrators.");
        items.MapPut("/{sku}", PutAsync).RequireAdmin().Writes().HasETag()
            .WithSummary("Create an item, or change it").Answers<ItemView>(200, "Changed.").Answers<ItemView>(201, "Created; no `If-Match` is needed for that.").Refuses(428);
    }

    private static async Task<IResult> ListAsync(Paging paging, Freshness freshness, Caller? caller, Items items, CancellationToken cancellation)
    {
        var rows = await items.ShowPageAsync(paging, freshness, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.Sku, row => row.ToView(caller is { IsAdmin: true })));
    }

    private static async Task<IResult> FindAsync(string sku, Freshness freshness, Caller? caller, Items items, CancellationToken cancellation) =>
        ItemRules.IsSku(sku) && await items.ShowAsync(sku, freshness, cancellation) is { } row
            ? TypedResults.Ok(row.ToView(caller is { IsAdmin: true })).WithETag(row.Version)
            : Unknown.ToResult();

    // Creating takes no If-Match; changing needs one (428 without), so that nobody overwrites a price that they have not seen.
    private static async Task<IResult> PutAsync(string sku, PutItem request, IfMatch match, Items items, WriteSet work, CancellationToken cancellation)
    {
        if (ItemRules.Check(sku, request) is { } invalid)
        {
            return invalid.ToResult();
        }

        var known = await items.FindAsync(sku, cancellation);
        if (known is null)
        {
            return Create(sku, request, match, items, work);
        }

        if (match.Check(known.Version) is { } stale)
        {
            return stale.ToResult();
        }

        items.Change(work, known, request);
        return TypedResults.Ok(new ItemView(sku, request.Name, request.Price, request.Stock, known.Reserved, known.Sold)).WithETag(known.Version + 1);
    }

    private static IResult Create(string sku, PutItem request, IfMatch match, Items items, WriteSet work)
    {
        if (match.Any || match.Versions is not null)
        {
            return Problem.PreconditionFailed("version.changed", "There is no such item to change: leave If-Match out to create it.").ToResult();
        }

        items.Create(work, sku, request);
        return TypedResults.Created($"/api/v1/items/{sku}", new ItemView(sku, request.Name, request.Price, request.Stock, 0, 0)).WithETag(1);
    }
}
