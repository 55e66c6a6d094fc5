using Argosy.Chassis.Hosting;

namespace Argosy.Inventory;

/// <summary>The service's own settings.</summary>
/// <param name="OverdueAfter"><c>RESERVATION_OVERDUE_SECONDS</c>, from 1 s to 30 days; 30 minutes when absent. A reservation that is older raises an alarm.</param>
internal sealed record InventoryOptions(TimeSpan OverdueAfter)
{
    private const int ThirtyMinutes = 30 * 60;
    private const int ThirtyDays = 30 * 24 * 60 * 60;

    public static InventoryOptions Read(Settings settings) =>
        new(TimeSpan.FromSeconds(settings.Number("RESERVATION_OVERDUE_SECONDS", ThirtyMinutes, 1, ThirtyDays)));
}
