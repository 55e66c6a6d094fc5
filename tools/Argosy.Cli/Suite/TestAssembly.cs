using System.Xml.Linq;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Suite;

/// <summary>A test project of the solution, as the executable that it is.</summary>
/// <param name="Name">The project's name, which is the assembly's.</param>
/// <param name="Path">Where it is built.</param>
/// <param name="RunsAlone">It starts whole fleets, so nothing else runs beside it.</param>
/// <param name="Up">What its fleet is started with; "" for embedded defaults.</param>
/// <param name="Without">Values of the trait <c>on</c> whose tests are about something else than what this fleet stands on.</param>
internal sealed record TestAssembly(string Name, string Path, bool RunsAlone, string Up = "", params IReadOnlyList<string> Without)
{
    private const string WholeSystem = "tests/";
    private const string EndToEnd = "Argosy.E2E.Tests";
    private const string Embedded = "embedded";
    private const string Instances = "instances";

    // The same binaries on everything that they can stand on.
    private static readonly (string On, string Up, string[] Without)[] Matrix =
    [
        ("", "", [Instances]),
        (" on PostgreSQL and push", "--engines postgresql", [Embedded, Instances]),
        (" on PostgreSQL, RabbitMQ, Redis", "--engines all", [Embedded, Instances]),
        (" on these with two instances of each",
            "--engines all --instances auth-service=2,user-service=2,inventory-service=2,order-service=2,payment-service=2,shipping-service=2,notification-service=2", [Embedded]),
    ];

    /// <summary>All of them, by the solution: the only list of projects.</summary>
    public static IReadOnlyList<TestAssembly> AllOf(Repository repository) =>
        [.. Built(repository).SelectMany(assembly => assembly.Name == EndToEnd
            ? Matrix.Select(row => assembly with { Name = $"{EndToEnd}{row.On}", Up = row.Up, Without = row.Without })
            : [assembly])];

    private static IEnumerable<TestAssembly> Built(Repository repository) =>
        XDocument.Load(repository.Solution).Descendants("Project").Select(p => p.Attribute("Path")!.Value.Replace('\\', '/'))
            .Where(p => p.EndsWith(".Tests.csproj", StringComparison.Ordinal))
            .Select(p => new TestAssembly(
                System.IO.Path.GetFileNameWithoutExtension(p),
                repository.Assembly(System.IO.Path.GetFileNameWithoutExtension(p)),
                p.StartsWith(WholeSystem, StringComparison.Ordinal)));
}
