using System.Globalization;
using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Experiments.Files;

namespace Argosy.FaultLab.Experiments;

/// <summary>The experiments that are in the repository: <c>infrastructure/kubernetes/chaos</c>, a file each.</summary>
internal sealed class Included(Repository repository)
{
    private readonly EngineFile _reader = new([.. Catalog.Read(repository).Select(entry => entry.Name)]);

    private string Folder => Path.Combine(repository.Root, "infrastructure", "kubernetes", "chaos");

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<ChaosEngine> All()
    {
        var engines = Directory.GetFiles(Folder, "*.yaml").Order(StringComparer.Ordinal).Select(Load).ToList();
        var twin = engines.GroupBy(engine => engine.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twin is null ? engines : throw new Refusal($"two experiments are called {twin.Key}: {string.Join(" and ", twin.Select(engine => engine.Origin))}");
    }

    /// <summary>Those that were named, in that order.</summary>
    public IReadOnlyList<ChaosEngine> Named(IReadOnlyList<string> names)
    {
        var all = All();
        return [.. names.Select(name => all.FirstOrDefault(engine => engine.Name == name)
            ?? throw new Refusal($"there is no experiment {name}; there are {string.Join(", ", all.Select(engine => engine.Name))}"))];
    }

    public ChaosEngine Load(string file) => _reader.Load(Path.GetRelativePath(Environment.CurrentDirectory, Path.GetFullPath(file)));

    /// <summary>A table of all of them, a line each.</summary>
    public IEnumerable<string> Table()
    {
        List<string[]> rows = [["name", "service", "experiment", "what is done", "for", "probes"]];
        rows.AddRange(All().SelectMany(engine => engine.Experiments.Select(experiment => new[]
        {
            engine.Name,
            engine.Target,
            experiment.Kind,
            experiment.Chaos.What,
            string.Create(CultureInfo.InvariantCulture, $"{experiment.Chaos.Length.TotalSeconds:0.#} s"),
            string.Join(", ", experiment.Probes.Select(probe => $"{probe.Name} ({probe.Type}, {probe.Mode})")),
        })));
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        return rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}
