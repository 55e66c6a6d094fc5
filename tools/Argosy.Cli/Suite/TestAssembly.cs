using System.Xml.Linq;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Suite;

/// <summary>A test project of the solution, as the executable that it is.</summary>
/// <param name="Name">The project's name, which is the assembly's.</param>
/// <param name="Path">Where it is built.</param>
/// <param name="RunsAlone">It starts whole fleets, so nothing else runs beside it.</param>
internal sealed record TestAssembly(string Name, string Path, bool RunsAlone)
{
    private const string WholeSystem = "tests/";

    /// <summary>All of them, by the solution: the only list of projects.</summary>
    public static IReadOnlyList<TestAssembly> AllOf(Repository repository) =>
        [.. XDocument.Load(repository.Solution).Descendants("Project").Select(p => p.Attribute("Path")!.Value.Replace('\\', '/'))
            .Where(p => p.EndsWith(".Tests.csproj", StringComparison.Ordinal))
            .Select(p => new TestAssembly(
                System.IO.Path.GetFileNameWithoutExtension(p),
                repository.Assembly(System.IO.Path.GetFileNameWithoutExtension(p)),
                p.StartsWith(WholeSystem, StringComparison.Ordinal)))];
}
