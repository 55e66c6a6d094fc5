using System.Collections.Frozen;
using System.Globalization;

namespace Argosy.Notifications;

/// <summary>Minor units as people write them. ISO 4217 says how many digits a currency has after the point; most have two.</summary>
internal static class Amounts
{
    private static readonly FrozenSet<string> WithoutMinorUnit =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Thousandths = "BHD IQD JOD KWD LYD OMR TND".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>For example <c>1234.50 EUR</c>, <c>1200 JPY</c>.</summary>
    public static string Text(long amount, string currency)
    {
        var digits = WithoutMinorUnit.Contains(currency) ? 0 : Thousandths.Contains(currency) ? 3 : 2;
        var unit = (decimal)Math.Pow(10, digits);
        return string.Create(CultureInfo.InvariantCulture, $"{(amount / unit).ToString($"F{digits}", CultureInfo.InvariantCulture)} {currency}");
    }
}
