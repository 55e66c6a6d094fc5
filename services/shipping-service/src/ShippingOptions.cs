using System.Collections.Frozen;
using Argosy.Chassis.Hosting;

namespace Argosy.Shipping;

/// <summary>The service's own settings.</summary>
/// <param name="Countries"><c>SHIPPING_COUNTRIES</c>: where we deliver to, ISO 3166-1 codes separated by commas.</param>
internal sealed record ShippingOptions(FrozenSet<string> Countries)
{
    // The European Union and its neighbours in the customs and free-trade area, and the places overseas that carriers quote for.
    private const string Default =
        "AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK,GB,CH,NO,IS,LI,US,CA,JP,AU,NZ";

    public static ShippingOptions Read(Settings settings)
    {
        const string Variable = "SHIPPING_COUNTRIES";
        var codes = (settings.Text(Variable) ?? Default).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (codes.FirstOrDefault(code => code.Length != 2 || !code.All(char.IsAsciiLetterUpper)) is { } wrong)
        {
            settings.Refuse(Variable, $"has '{wrong}', and takes ISO 3166-1 codes of two capital letters separated by commas, for example DE,FR,US.");
        }

        return new ShippingOptions(codes.ToFrozenSet(StringComparer.Ordinal));
    }

    /// <summary>Why nothing can be sent there, as a sentence for the customer; null where it can.</summary>
    public string? WhyNotTo(string country) => Countries.Contains(country) ? null : $"We do not ship to {country} yet.";
}
