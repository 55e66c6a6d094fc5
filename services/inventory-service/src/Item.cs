using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Inventory;

/// <summary>What an administrator says of an item.</summary>
/// <param name="Name">As customers read it.</param>
/// <param name="Price">Of one piece.</param>
/// <param name="Stock">How many are to be available from now on; what is reserved or sold is not touched.</param>
internal sealed record PutItem(string Name, Money Price, long Stock) : IExample<PutItem>
{
    public static PutItem Example { get; } = new("Sencha green tea, 100 g", new Money(990, "EUR"), 3000);
}

/// <summary>An item as it is shown; what is reserved and sold only to administrators.</summary>
internal sealed record ItemView(
    string Sku, string Name, Money Price, long Available,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Reserved,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Sold) : IExample<ItemView>
{
    public static ItemView Example { get; } = new("TEA-SENCHA", "Sencha green tea, 100 g", new Money(990, "EUR"), 3000, null, null);
}

/// <summary>What an item must be like.</summary>
internal static partial class ItemRules
{
    public const int LongestName = 100;
    public const long MaxStock = 1_000_000;

    // Eight digits are what card providers take for one charge.
    public const long MaxPrice = 99_999_999;

    /// <summary>Whether an item could be called that.</summary>
    public static bool IsSku(string text) => Sku().IsMatch(text);

    /// <summary>Everything that is wrong, or null.</summary>
    public static Problem? Check(string sku, PutItem item)
    {
        var check = new Validation();
        check.That(IsSku(sku), "sku", "must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit");
        check.Text(item.Name, "name", LongestName);
        check.That(item.Price.Amount is >= 1 and <= MaxPrice, "price.amount", $"must be from 1 to {MaxPrice}");
        check.That(Currencies.Has(item.Price.Currency), "price.currency", "must be a currency of ISO 4217");
        check.That(item.Stock is >= 0 and <= MaxStock, "stock", $"must be from 0 to {MaxStock}");
        return check.Problem;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Sku();
}
