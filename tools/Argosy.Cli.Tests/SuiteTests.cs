using Argosy.Cli.Processes;
using Argosy.Cli.Suite;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class SuiteTests : IDisposable
{
    private static readonly TestAssembly Itself = new("Argosy.Cli.Tests", typeof(SuiteTests).Assembly.Location, StartsFleets: false);
    private readonly string _results = Directory.CreateTempSubdirectory("argosy-test-").FullName;

    public void Dispose() => Directory.Delete(_results, recursive: true);

    [Fact]
    public void Test_assemblies_are_those_of_the_solution_and_whole_systems_run_alone()
    {
        File.WriteAllText(Path.Combine(_results, "Argosy.slnx"),
            """
            <Solution>
              <Folder Name="/a/"><Project Path="services/gateway/src/Gateway.csproj" /></Folder>
              <Folder Name="/b/"><Project Path="services/gateway/tests/Gateway.Tests.csproj" /><Project Path="tests/e2e/Argosy.E2E.Tests.csproj" /></Folder>
            </Solution>
            """);

        TestAssembly.AllOf(new Repository(_results)).Select(a => (a.Name, a.StartsFleets)).ShouldBe([("Gateway.Tests", false), ("Argosy.E2E.Tests", true)]);
    }

    [Fact]
    public async Task An_assembly_is_run_and_its_tests_are_counted()
    {
        var run = await new TestRunner(_results, "Percentiles_are_latencies").RunAsync(Itself, CancellationToken.None);

        (run.Passed, run.Failed, run.Skipped).ShouldBe((1, 0, 0));
        run.Failures.ShouldBeNull();
    }

    [Fact]
    public async Task An_assembly_that_ends_without_results_is_a_failure_and_not_nothing()
    {
        var broken = new TestAssembly("Broken.Tests", Path.Combine(_results, "Broken.Tests.dll"), StartsFleets: false);

        var run = await new TestRunner(_results, method: null).RunAsync(broken, CancellationToken.None);

        run.Failed.ShouldBe(1);
        run.Failures.ShouldNotBeNull().ShouldContain("no results");
    }

    [Fact]
    public void A_report_that_was_cut_short_counts_as_none()
    {
        var report = Path.Combine(_results, "x.xml");
        File.WriteAllText(report, "<assemblies><assembly passed=\"3\"");

        TestRun.Read("X", report, TimeSpan.Zero).ShouldBeNull();
    }
}
