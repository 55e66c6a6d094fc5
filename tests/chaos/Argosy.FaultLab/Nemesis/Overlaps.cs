using System.Text;
using Argosy.Checker.History;

namespace Argosy.FaultLab.Nemesis;

/// <summary>What overlapped what: each fault, the requests that were under way during it, and the other faults.</summary>
internal sealed record Overlaps(int Operations, int DuringAFault, IReadOnlyList<(Inflicted Fault, IReadOnlyList<string> Operations, IReadOnlyList<string> Others)> Faults)
{
    public static Overlaps Of(IReadOnlyList<Inflicted> faults, string history)
    {
        // What was asked before anything was broken, or to settle things afterwards, isn't counted; nor what streams told, which nobody asked for then.
        var began = faults.Count > 0 ? faults[0].Began : DateTimeOffset.MinValue;
        var end = faults.Count > 0 ? faults.Max(f => f.To) : DateTimeOffset.MaxValue;
        var asked = Books.OperationsOf(history)
            .Where(line => line.Act is not (Act.Fault or Act.Healed) && line.Version is null && line.Asked >= began && line.Asked <= end).ToList();
        var during = asked.Count(line => faults.Any(fault => fault.InVain is null && Overlap(line, fault)));
        return new Overlaps(asked.Count, during, [.. faults.Select(fault => (fault, Count(asked.Where(line => Overlap(line, fault))), Others(fault, faults)))]);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (fault, operations, others) in Faults)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"  {fault}: {(operations.Count == 0 ? "nothing under way" : string.Join(", ", operations))}");
            text.Append(others.Count == 0 ? "" : $"; with {string.Join(", ", others)}").Append('\n');
        }

        return text.Append(System.Globalization.CultureInfo.InvariantCulture, $"  {Operations} operations, {DuringAFault} of them during a fault").ToString();
    }

    private static bool Overlap(HistoryLine line, Inflicted fault) => line.Asked < fault.To && fault.From < line.At;

    private static IReadOnlyList<string> Count(IEnumerable<HistoryLine> lines) =>
        [.. lines.GroupBy(line => line.Act, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}")];

    private static IReadOnlyList<string> Others(Inflicted fault, IReadOnlyList<Inflicted> all) => [.. all.Where(fault.Overlaps).Select(other => other.Appointment.Fault.Name)];
}
