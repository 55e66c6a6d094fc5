using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;

namespace Argosy.E2E;

/// <summary>A customer who owns one of everything that somebody can own, and the parameters of paths that lead there.</summary>
internal sealed class Things
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Thing> _byPath = new(StringComparer.Ordinal);

    /// <summary>The owner's access token.</summary>
    public required string Token { get; init; }

    /// <summary>Who that is.</summary>
    public required string Owner { get; init; }

    /// <summary>What requests send as <c>orderId</c>.</summary>
    public required string OrderId { get; init; }

    /// <summary>The thing that a path leads to; null where it leads to nobody's.</summary>
    /// <exception cref="InvalidOperationException">A path that nobody has told how to fill.</exception>
    public Thing? Of(Operation operation)
    {
        if (!operation.Path.Contains('{', StringComparison.Ordinal))
        {
            return null;
        }

        var prefix = operation.Path[..(operation.Path.LastIndexOf('}') + 1)];
        return _byPath.TryGetValue(prefix, out var thing)
            ? thing
            : throw new InvalidOperationException($"{operation} has a path parameter that the table in Things.cs does not know: say there how a real one is made.");
    }

    /// <summary>Registers somebody and lets an order of theirs be paid and shipped out.</summary>
    public static async Task<Things> MakeAsync(Fleet fleet)
    {
        using var customer = await fleet.CustomerAsync();
        var token = customer.DefaultRequestHeaders.Authorization!.Parameter!;
        var sku = await fleet.ItemAsync(stock: 5);
        var order = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(order, "confirmed");
        await Eventually.HoldsAsync(async () => (await customer.GetAsync("/api/v1/users/me")).IsSuccessStatusCode, "the profile is there", Within);
        var payment = (await customer.GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={order}")).GetProperty("items")[0].GetProperty("id").GetString()!;
        var session = (await customer.GetFromJsonAsync<JsonElement>("/api/v1/auth/sessions")).GetProperty("items")[0].GetProperty("id").GetString()!;
        var profile = (await customer.GetFromJsonAsync<JsonElement>("/api/v1/users/me")).GetProperty("id").GetString()!;

        using var made = await customer.PostAsJsonAsync("/api/v1/auth/api-keys", new { name = "robot", password = Fleet.Password });
        var key = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

        var things = new Things { Token = token, Owner = profile, OrderId = order };
        things._byPath["/api/v1/orders/{id}"] = new Thing([order], Sees.OwnerAndAdmin);
        things._byPath["/api/v1/payments/{id}"] = new Thing([payment], Sees.OwnerAndAdmin);
        things._byPath["/api/v1/shipments/{id}"] = new Thing([await fleet.ShipmentAsync(order)], Sees.OwnerAndAdmin);
        things._byPath["/api/v1/users/{id}"] = new Thing([profile], Sees.OwnerAndAdmin);
        things._byPath["/api/v1/auth/sessions/{id}"] = new Thing([session], Sees.Owner);
        things._byPath["/api/v1/auth/api-keys/{id}"] = new Thing([key], Sees.Owner);
        things._byPath["/api/v1/items/{sku}"] = new Thing([sku], Sees.Anybody);
        things._byPath["/docs/{file}"] = new Thing(["start.js"], Sees.Anybody);
        things._byPath["/admin/sagas/{type}/{subject}"] = new Thing(["checkout", order], Sees.Anybody);
        things._byPath["/admin/dead-letters/{id}"] = new Thing([Guid.NewGuid().ToString()], Sees.Anybody);      // nothing has failed
        things._byPath["/admin/backups/{id}"] = new Thing([Guid.NewGuid().ToString()], Sees.Anybody);      // nobody takes one
        things._byPath["/admin/projections/{name}"] = new Thing(["order_view"], Sees.Anybody);
        return things;
    }
}

/// <summary>Whom a thing exists for.</summary>
internal enum Sees
{
    Anybody,
    OwnerAndAdmin,
    Owner,
}

/// <summary>What a path leads to.</summary>
/// <param name="Parameters">In their order in the path.</param>
/// <param name="Sees">Whom it exists for; who may call the route at all is another matter.</param>
internal sealed record Thing(IReadOnlyList<string> Parameters, Sees Sees)
{
    /// <summary>One of the same kind that never was.</summary>
    public Thing Absent => this with { Parameters = [.. Parameters.Select(_ => Guid.CreateVersion7().ToString())] };
}
