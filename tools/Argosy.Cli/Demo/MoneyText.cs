using System.Globalization;

namespace Argosy.Cli.Demo;

internal static class MoneyText
{
    private const decimal MinorUnits = 100;

    public static string Shown(this Money money) => $"{(money.Amount / MinorUnits).ToString("N2", CultureInfo.InvariantCulture)} {money.Currency}";
}
