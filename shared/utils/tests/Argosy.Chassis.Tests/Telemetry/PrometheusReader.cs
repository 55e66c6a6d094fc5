using System.Globalization;
using System.Text;
using Argosy.Chassis.Telemetry.Metrics;

namespace Argosy.Chassis.Tests.Telemetry;

/// <summary>A family as it was read: what its head says, and its samples in their order.</summary>
internal sealed record ReadFamily(string Name, string Type, string Help, List<ReadSample> Samples);

/// <summary>A sample as it was read.</summary>
internal sealed record ReadSample(string Name, IReadOnlyList<MetricLabel> Labels, double Value);

/// <summary>
/// Reads Prometheus's text format 0.0.4 and OpenMetrics 1.0, written from their specifications and strict where promtool is not:
/// a family comes once and in one piece, no sample twice, buckets rise, and the last one is <c>+Inf</c> and equals <c>_count</c>.
/// </summary>
internal sealed class PrometheusReader
{
    private readonly bool _openMetrics;
    private readonly List<ReadFamily> _families = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private string _line = "";
    private int _at;

    private PrometheusReader(bool openMetrics) => _openMetrics = openMetrics;

    public static IReadOnlyList<ReadFamily> Read(string text, bool openMetrics)
    {
        var reader = new PrometheusReader(openMetrics);
        Must(text.EndsWith('\n'), "the last line ends");
        var lines = text[..^1].Split('\n');
        if (openMetrics)
        {
            Must(lines[^1] == "# EOF", "the last line is # EOF");
            lines = lines[..^1];
        }

        foreach (var line in lines)
        {
            reader.ReadLine(line);
        }

        reader._families.ForEach(CheckBuckets);
        return reader._families;
    }

    private void ReadLine(string line)
    {
        (_line, _at) = (line, 0);
        if (line.StartsWith("# HELP ", StringComparison.Ordinal))
        {
            var rest = line["# HELP ".Length..];
            var space = rest.IndexOf(' ', StringComparison.Ordinal);
            var name = rest[..space];
            Must(_families.All(family => family.Name != name), $"{name} has one head");
            (_line, _at) = (rest[(space + 1)..] + "\"", 0);
            _families.Add(new ReadFamily(name, "", Text(quotesEscaped: _openMetrics, toTheEnd: true), []));
        }
        else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            var parts = line.Split(' ');
            Must(parts.Length == 4 && _families.Count > 0 && _families[^1] is { Type: "", Samples.Count: 0 } && _families[^1].Name == parts[2], $"one TYPE follows HELP: {line}");
            _families[^1] = _families[^1] with { Type = parts[3] };
        }
        else
        {
            ReadSample();
        }
    }

    private void ReadSample()
    {
        var name = Name(colons: true);
        var family = _families[^1];
        Must(Suffixes(family.Type).Any(suffix => family.Name + suffix == name), $"{name} belongs to {family.Name}, a {family.Type}");
        var labels = new List<MetricLabel>();
        if (_line[_at] == '{')
        {
            do
            {
                _at++;
                var label = Name(colons: false);
                Must(_line[_at++] == '=' && _line[_at++] == '"', "a label's value is quoted");
                labels.Add(new MetricLabel(label, Text(quotesEscaped: true, toTheEnd: false)));
            }
            while (_line[_at] == ',');
            Must(_line[_at++] == '}', "labels end with }");
        }

        Must(_line[_at++] == ' ', "one space before the value");
        Must(labels.Select(label => label.Name).Distinct(StringComparer.Ordinal).Count() == labels.Count, $"no label twice: {_line}");
        Must(_seen.Add($"{name}\u0001{string.Join('\u0001', labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}\u0002{label.Value}"))}"), $"no sample twice: {_line}");
        family.Samples.Add(new ReadSample(name, labels, Value(_line[_at..])));
    }

    private static double Value(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture),
    };

    private string[] Suffixes(string type) => type switch
    {
        "counter" => _openMetrics ? ["_total"] : [""],
        "histogram" => ["_bucket", "_sum", "_count"],
        "info" => ["_info"],
        "gauge" => [""],
        _ => throw new FormatException($"{type} is no type that is written here."),
    };

    private string Name(bool colons)
    {
        var start = _at;
        while (char.IsAsciiLetter(_line[_at]) || _line[_at] == '_' || (colons && _line[_at] == ':') || (_at > start && char.IsAsciiDigit(_line[_at])))
        {
            _at++;
        }

        Must(_at > start, $"a name begins at {start}: {_line}");
        return _line[start.._at];
    }

    private string Text(bool quotesEscaped, bool toTheEnd)
    {
        var text = new StringBuilder();
        for (; toTheEnd ? _at < _line.Length - 1 : _line[_at] != '"'; _at++)
        {
            if (_line[_at] == '\\')
            {
                _at++;
                Must(_line[_at] is '\\' or 'n' || (quotesEscaped && _line[_at] == '"'), $"a known escape: {_line}");
                text.Append(_line[_at] == 'n' ? '\n' : _line[_at]);
            }
            else
            {
                text.Append(_line[_at]);
            }
        }

        _at++;
        return text.ToString();
    }

    private static void CheckBuckets(ReadFamily family)
    {
        if (family.Type != "histogram")
        {
            return;
        }

        var series = family.Samples.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal)).GroupBy(Others, StringComparer.Ordinal).ToList();
        Must(series.Count == family.Samples.Count(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)), "each series has its buckets and its count");
        foreach (var buckets in series)
        {
            var bounds = buckets.Select(bucket => Value(bucket.Labels.Single(label => label.Name == "le").Value)).ToList();
            Must(bounds.Zip(bounds.Skip(1)).All(pair => pair.First < pair.Second), $"bounds of {family.Name} ascend");
            Must(buckets.Zip(buckets.Skip(1)).All(pair => pair.First.Value <= pair.Second.Value), $"buckets of {family.Name} are cumulative");
            Must(double.IsPositiveInfinity(bounds[^1]), $"the last bucket of {family.Name} is +Inf");
            var count = family.Samples.Single(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal) && Others(sample) == buckets.Key);
            Must(count.Value.Equals(buckets.Last().Value), $"+Inf of {family.Name} is its count");
        }
    }

    private static string Others(ReadSample sample) =>
        string.Join('\u0001', sample.Labels.Where(label => label.Name != "le").Select(label => $"{label.Name}\u0002{label.Value}"));

    private static void Must(bool holds, string rule)
    {
        if (!holds)
        {
            throw new FormatException($"Not so: {rule}.");
        }
    }
}
