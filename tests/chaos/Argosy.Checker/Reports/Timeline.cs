using System.Globalization;
using System.Net;
using System.Text;
using Argosy.Checker.History;

namespace Argosy.Checker.Reports;

/// <summary>When what was, as lanes over one time: faults, how operations ended, and all that was asked about one order.</summary>
internal sealed class Timeline
{
    private const int Columns = 60;
    private const int MostLanes = 60;

    private readonly IReadOnlyList<HistoryLine> _lines;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;
    private readonly ILookup<string?, HistoryLine> _byOrder;

    public Timeline(IReadOnlyList<HistoryLine> lines)
    {
        _lines = lines;
        (_from, _to) = lines.Count == 0 ? default : (lines.Min(line => line.Asked), lines.Max(line => line.At));
        _byOrder = lines.ToLookup(line => line.Order, StringComparer.Ordinal);
    }

    public string Length => string.Create(CultureInfo.InvariantCulture, $"{_from.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, {(_to - _from).TotalSeconds:0.0} s");

    public bool Knows(string order) => _byOrder.Contains(order);

    public void WriteFaults(StringBuilder html)
    {
        var faults = Faults().OrderBy(fault => fault.From).GroupBy(fault => (fault.What, fault.Whom)).ToList();
        foreach (var lane in faults.Take(MostLanes))
        {
            Lane(html, $"{lane.Key.What} · {lane.Key.Whom}", string.Concat(lane.Select(fault => Bar("fault", fault.From, fault.To, $"{lane.Key.What} of {lane.Key.Whom}"))));
        }

        html.Append(faults.Count > MostLanes ? $"<p class=\"soft\">… and {faults.Count - MostLanes} more</p>\n" : "");
        if (_lines.LastOrDefault(line => line.Act == Act.Healed) is { } healed)
        {
            Lane(html, "all is healed", $"<span class=\"mark\" style=\"left:{Percent(healed.At)}%\" title=\"healed at {Clock(healed.At)}\"></span>");
        }
    }

    /// <summary>How many operations ended in each part of the time, and how.</summary>
    public void WriteOperations(StringBuilder html)
    {
        var columns = new (int Ok, int Refused, int Unknown)[Columns];
        foreach (var line in _lines.Where(line => line.Act is not (Act.Fault or Act.Healed)))
        {
            ref var column = ref columns[Math.Min(Columns - 1, (int)(Share(line.At) * Columns))];
            column = ClassOf(line) switch { "ok" => column with { Ok = column.Ok + 1 }, "bad" => column with { Refused = column.Refused + 1 }, _ => column with { Unknown = column.Unknown + 1 } };
        }

        var most = Math.Max(1, columns.Max(column => column.Ok + column.Refused + column.Unknown));
        html.Append("<div class=\"columns\" role=\"img\" aria-label=\"operations over time\">");
        foreach (var (ok, refused, unknown) in columns)
        {
            html.Append(CultureInfo.InvariantCulture, $"<span title=\"{ok} done, {refused} refused, {unknown} unknown\">{Part("unknown", unknown)}{Part("bad", refused)}{Part("ok", ok)}</span>");
        }

        html.Append(CultureInfo.InvariantCulture, $"</div>\n<p class=\"soft scale\"><span>{Clock(_from)}</span><span>at most {most} answers in {(_to - _from).TotalSeconds / Columns:0.0} s</span><span>{Clock(_to)}</span></p>\n");
        string Part(string kind, int count) => count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"<i class=\"{kind}\" style=\"height:{100.0 * count / most:0.##}%\"></i>");
    }

    /// <summary>All that was asked about one order; marked, what contradicts something.</summary>
    public void WriteOrder(StringBuilder html, string order, IReadOnlySet<string> marked)
    {
        var lines = _byOrder[order].OrderBy(line => line.Asked).ToList();
        foreach (var line in lines.Take(MostLanes))
        {
            Lane(html, $"{(marked.Contains(line.Whence ?? "") ? "✘ " : "")}{(line.Final == true ? "final " : "")}{line.Act} {line.Told ?? line.Status?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}", Bar(ClassOf(line), line.Asked, line.At, $"{line.Whence}: {line.ToFact().Says}"));
        }

        html.Append(lines.Count > MostLanes ? $"<p class=\"soft\">… and {lines.Count - MostLanes} more</p>\n" : "");
    }

    private static string ClassOf(HistoryLine line) => line.Status switch
    {
        null => "unknown",
        >= 200 and < 300 => "ok",
        _ => "bad",
    };

    // Each beginning goes with the next end of the same words; what never ended goes on.
    private IEnumerable<(string What, string Whom, DateTimeOffset From, DateTimeOffset To)> Faults()
    {
        var open = new Dictionary<(string, string), Queue<DateTimeOffset>>();
        foreach (var line in _lines.Where(line => line.Act == Act.Fault).OrderBy(line => line.At))
        {
            var key = (line.Fault!, line.Whom!);
            var begun = open.TryGetValue(key, out var known) ? known : open[key] = new Queue<DateTimeOffset>();
            if (line.Side == Side.Begin)
            {
                begun.Enqueue(line.At);
            }
            else if (begun.TryDequeue(out var from))
            {
                yield return (line.Fault!, line.Whom!, from, line.At);
            }
        }

        foreach (var ((what, whom), begun) in open)
        {
            foreach (var from in begun)
            {
                yield return (what, whom, from, _to);
            }
        }
    }

    private static void Lane(StringBuilder html, string name, string bars) =>
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"lane\"><span>{WebUtility.HtmlEncode(name)}</span><span class=\"track\">{bars}</span></div>\n");

    private string Bar(string kind, DateTimeOffset from, DateTimeOffset to, string what)
    {
        var width = (Share(to) - Share(from)) * 100;
        return string.Create(CultureInfo.InvariantCulture, $"<span class=\"bar {kind}\" style=\"left:min({Percent(from)}%, calc(100% - 3px));width:{width:0.##}%\" title=\"{WebUtility.HtmlEncode(what)}, {Clock(from)} to {Clock(to)}\"></span>");
    }

    private double Share(DateTimeOffset at) => _to > _from ? (at - _from) / (_to - _from) : 0;

    private string Percent(DateTimeOffset at) => (Share(at) * 100).ToString("0.##", CultureInfo.InvariantCulture);

    private static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
