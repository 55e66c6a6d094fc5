using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Argosy.Cli.Suite;

/// <summary>How one assembly's tests went.</summary>
internal sealed record TestRun(string Assembly, int Passed, int Failed, int Skipped, TimeSpan Took)
{
    /// <summary>Everything that a person needs of the failures, as the runner printed it.</summary>
    public string? Failures { get; init; }

    public int Ran => Passed + Failed + Skipped;

    /// <summary>Reads the runner's XML report (xUnit v2+ format); null when there is none that is whole.</summary>
    public static TestRun? Read(string assembly, string report, TimeSpan took)
    {
        try
        {
            var runs = XDocument.Load(report).Descendants("assembly").ToList();
            int Sum(string name) => runs.Sum(r => int.Parse(r.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture));
            return runs.Count == 0 ? null : new TestRun(assembly, Sum("passed"), Sum("failed") + Sum("errors"), Sum("skipped"), took);
        }
        catch (Exception e) when (e is FileNotFoundException or XmlException)
        {
            return null; // it ended before it could write one
        }
    }
}
