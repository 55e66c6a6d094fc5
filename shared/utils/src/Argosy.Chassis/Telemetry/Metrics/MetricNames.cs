using System.Diagnostics.Metrics;
using System.Text;

namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>
/// OpenTelemetry's names as Prometheus's: its specification "Prometheus and OpenMetrics Compatibility". The unit is appended as a
/// word, <c>_total</c> is left to whoever writes samples.
/// </summary>
internal static class MetricNames
{
    // The runtime registers these as counters that may fall, although its own conventions call them up-down counters; as counters
    // every fall would look like a restart.
    private static readonly HashSet<string> Falling = new(StringComparer.Ordinal) { "dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length" };

    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["d"] = "days",
        ["h"] = "hours",
        ["min"] = "minutes",
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["GiBy"] = "gibibytes",
        ["KBy"] = "kilobytes",
        ["MBy"] = "megabytes",
        ["GBy"] = "gigabytes",
        ["m"] = "meters",
        ["V"] = "volts",
        ["A"] = "amperes",
        ["J"] = "joules",
        ["W"] = "watts",
        ["g"] = "grams",
        ["Cel"] = "celsius",
        ["Hz"] = "hertz",
        ["%"] = "percent",
        ["1"] = "",
        [""] = "",
    };

    /// <summary>The family's name: <c>http.server.request.duration</c> in <c>s</c> is <c>http_server_request_duration_seconds</c>.</summary>
    public static string Family(string instrument, string? unit, MetricKind kind)
    {
        var name = Sanitized(instrument, colons: true);
        var word = UnitWord(unit ?? "");
        if (kind == MetricKind.Counter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^"_total".Length];
        }

        return word.Length == 0 || name == word || name.EndsWith($"_{word}", StringComparison.Ordinal) ? name : $"{name}_{word}";
    }

    /// <summary>A label's name: <c>http.request.method</c> is <c>http_request_method</c>. Two leading underscores are Prometheus's own.</summary>
    public static string Label(string tag)
    {
        var name = Sanitized(tag, colons: false);
        return name.StartsWith("__", StringComparison.Ordinal) ? $"key{name}" : name;
    }

    /// <summary>Whether an instrument of that name goes up and down, whatever it is registered as.</summary>
    public static bool IsFalling(string instrument) => Falling.Contains(instrument);

    /// <summary>What an instrument is; null for a kind that nobody here knows.</summary>
    public static MetricKind? KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        for (; type is { IsGenericType: false }; type = type.BaseType)
        {
        }

        return type?.GetGenericTypeDefinition() switch
        {
            _ when IsFalling(instrument.Name) => MetricKind.Gauge,
            { } t when t == typeof(Counter<>) || t == typeof(ObservableCounter<>) => MetricKind.Counter,
            { } t when t == typeof(Histogram<>) => MetricKind.Histogram,
            { } t when t == typeof(UpDownCounter<>) || t == typeof(ObservableUpDownCounter<>) || t == typeof(Gauge<>) || t == typeof(ObservableGauge<>) => MetricKind.Gauge,
            _ => null,
        };
    }

    private static string UnitWord(string unit)
    {
        var plain = WithoutAnnotations(unit);
        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? Word(plain)
            : $"{Word(plain[..slash])}_per_{Word(plain[(slash + 1)..]).TrimEnd('s')}".TrimStart('_');
    }

    private static string Word(string unit) => Units.TryGetValue(unit, out var word) ? word : Sanitized(unit, colons: false).Trim('_');

    // "{request}" is no unit, but a remark on what is counted.
    private static string WithoutAnnotations(string unit)
    {
        for (var open = unit.IndexOf('{', StringComparison.Ordinal); open >= 0; open = unit.IndexOf('{', StringComparison.Ordinal))
        {
            var close = unit.IndexOf('}', open);
            unit = close < 0 ? unit[..open] : unit.Remove(open, close - open + 1);
        }

        return unit;
    }

    private static string Sanitized(string text, bool colons)
    {
        var name = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            var kept = char.IsAsciiLetterOrDigit(c) || (colons && c == ':') ? c : '_';
            if (name.Length == 0 && char.IsAsciiDigit(kept))
            {
                name.Append('_');
            }

            if (kept != '_' || name.Length == 0 || name[^1] != '_')
            {
                name.Append(kept);
            }
        }

        return name.Length == 0 ? "_" : name.ToString();
    }
}
