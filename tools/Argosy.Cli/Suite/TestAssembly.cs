using System.Xml.Linq;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Suite;

/// <summary>A test project of the solution, as the executable that it is.</summary>
/// <param name="Name">The project's name, which is the assembly's.</param>
/// <param name="Path">Where it is built.</param>
/// <param name="StartsFleets">It starts whole fleets or servers.</param>
/// <param name="Up">What its fleet is started with; "" for embedded defaults.</param>
/// <param name="Only">The one value of the trait <c>on</c> whose tests run; null for all but <paramref name="Without"/>.</param>
/// <param name="Without">Values of the trait <c>on</c> whose tests are about something else than what this run stands on.</param>
internal sealed record TestAssembly(string Name, string Path, bool StartsFleets, string Up = "", string? Only = null, params IReadOnlyList<string> Without)
{
    private const string WholeSystem = "tests/";
    private const string EndToEnd = "Argosy.E2E.Tests";
    private const string Embedded = "embedded";
    private const string Instances = "instances";
    private const string Servers = "servers";

    // Minutes long, by hand: tests/e2e/Stress.
    private const string Stress = "stress";

    // Deaths that leave nobody: where there are two of each, others kill.
    private const string OneOfEach = "one-of-each";

    // The same binaries on everything else that they can stand on; the longest first, so that at the end nobody waits for it alone.
    private static readonly (string On, string Up, string? Only, string[] Without)[] Matrix =
    [
        (" on PostgreSQL, RabbitMQ, Redis, two instances of each",
            "--engines all --instances auth-service=2,user-service=2,inventory-service=2,order-service=2,payment-service=2,shipping-service=2,notification-service=2", null, [Embedded, OneOfEach, Stress]),
        (" on PostgreSQL and push", "--engines postgresql", null, [Embedded, Instances, Stress]),
        (" on PostgreSQL, RabbitMQ, Redis", "--engines all", OneOfEach, []),
    ];

    // The tests of adapters, caches and crashes, each with servers that it starts.
    private static readonly string[] WithServers = ["Argosy.Chassis.Tests", "Gateway.Tests", "UserService.Tests", "Argosy.FaultLab.Tests"];

    /// <summary>All of them on embedded defaults, by the solution: the only list of projects.</summary>
    public static IReadOnlyList<TestAssembly> AllOf(Repository repository) =>
        [.. Built(repository).Select(assembly => assembly with { Without = [Servers, Instances, Stress] })];

    /// <summary>What needs PostgreSQL, RabbitMQ or Redis; first those that mostly wait, beside others that don't.</summary>
    public static IReadOnlyList<TestAssembly> OnServers(Repository repository) =>
    [
        .. Built(repository).Where(assembly => WithServers.Contains(assembly.Name))
            .Select(assembly => assembly with { Name = $"{assembly.Name} with servers", StartsFleets = true, Only = Servers }),
        .. Built(repository).Where(assembly => assembly.Name == EndToEnd)
            .SelectMany(assembly => Matrix.Select(row => assembly with { Name = $"{EndToEnd}{row.On}", Up = row.Up, Only = row.Only, Without = row.Without })),
    ];

    private static IEnumerable<TestAssembly> Built(Repository repository) =>
        XDocument.Load(repository.Solution).Descendants("Project").Select(p => p.Attribute("Path")!.Value.Replace('\\', '/'))
            .Where(p => p.EndsWith(".Tests.csproj", StringComparison.Ordinal))
            .Select(p => new TestAssembly(
                System.IO.Path.GetFileNameWithoutExtension(p),
                repository.Assembly(System.IO.Path.GetFileNameWithoutExtension(p)),
                p.StartsWith(WholeSystem, StringComparison.Ordinal)));
}
