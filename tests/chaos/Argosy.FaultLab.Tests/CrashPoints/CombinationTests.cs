using System.Text.RegularExpressions;
using Argosy.Cli.Processes;
using Argosy.FaultLab.CrashPoints;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.CrashPoints;

/// <summary>The lab's list of failpoints is held against the sources: a new one is crashed at, or it is said why not.</summary>
public sealed partial class CombinationTests
{
    private static readonly string Root = Repository.Find().Root;

    // Where they are written down, and which processes run that code.
    public static TheoryData<string, string> Sources => new()
    {
        { "shared/utils/src", "" }, { "tools/payment-provider/src", Catalog.Provider },
        { "services/auth-service/src", "auth-service" }, { "services/user-service/src", "user-service" }, { "services/inventory-service/src", "inventory-service" },
        { "services/order-service/src", "order-service" }, { "services/payment-service/src", "payment-service" }, { "services/shipping-service/src", "shipping-service" },
        { "services/notification-service/src", "notification-service" }, { "services/gateway/src", Catalog.Gateway },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void Every_failpoint_of_the_code_is_in_the_list(string folder, string process)
    {
        var known = CrashPoint.All.Where(point => process.Length == 0 || point.Process == process).Select(point => point.Name)
            .Concat(process == Catalog.Provider ? [] : CrashPoint.OfRecovery).Concat(CrashPoint.Elsewhere.Keys);

        NamesIn(folder).Except(known).ShouldBeEmpty($"failpoints of {folder}");
    }

    [Fact]
    public void Every_failpoint_of_the_list_is_in_the_code()
    {
        var names = Sources.SelectMany(row => NamesIn(row.Data.Item1)).ToHashSet(StringComparer.Ordinal);

        CrashPoint.All.Select(point => point.Name).Concat(CrashPoint.OfRecovery).Concat(CrashPoint.Elsewhere.Keys).Except(names).ShouldBeEmpty();
        CrashPoint.All.Select(point => point.Name).Intersect(CrashPoint.Elsewhere.Keys).ShouldBeEmpty();
    }

    [Fact]
    public void A_service_that_publishes_or_handles_something_dies_at_it()
    {
        foreach (var entry in Catalog.Read(Repository.Find()).Where(entry => entry.HandlesMessages))
        {
            var points = CrashPoint.All.Where(point => point.Process == entry.Name).Select(point => point.Name).ToList();
            points.ShouldContain("ack.before", entry.Name);
            points.ShouldContain("commit.after", entry.Name);
            var publishes = !File.ReadAllText(Path.Combine(Root, "services", entry.Name, "catalog-info.yaml")).Contains("publishes: []", StringComparison.Ordinal);
            points.Contains("publish.before").ShouldBe(publishes, entry.Name);
        }
    }

    [Fact]
    public void Every_outcome_and_every_point_is_in_some_combination()
    {
        Combination.All.Select(one => one.Outcome).Distinct().Count().ShouldBe(Outcome.All.Count);
        Combination.All.Select(one => one.Point).Distinct().Count().ShouldBe(CrashPoint.All.Count);
        Combination.All.Select(one => one.ToString()).Distinct().Count().ShouldBe(Combination.All.Count);
    }

    [Fact]
    public void A_life_that_recovers_dies_at_everything_that_a_start_passes()
    {
        var recovery = Combination.All.First(one => one is { Mode: Mode.InRecovery, Point: { Process: "order-service", Name: "ack.before" } });

        recovery.Lives(seed: 1).ShouldBe(["ack.before:1", "migration.before", "migration.after", "commit.before", "commit.after"]);
    }

    private static IEnumerable<string> NamesIn(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .SelectMany(file => Hit().Matches(File.ReadAllText(file))).Select(hit => hit.Groups[1].Value).Distinct(StringComparer.Ordinal);

    [GeneratedRegex("""Failpoints\.Hit\("([a-z.]+)"\)""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hit();
}
