using System.Globalization;
using System.Security.Cryptography;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.FaultLab.CrashPoints;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.CrashPoints;

/// <summary>
/// Some of all combinations of failpoint, mode and outcome, chosen so that as many pairs as possible come together; others with
/// every run. <c>./argosy chaos all --only crash-points</c> runs all of them.
/// </summary>
[Collection(nameof(WholeFleets))]
public sealed class CrashPointTests(ITestOutputHelper output)
{
    // On servers each death costs the time that leases take to run out, so there are fewer.
    private const int Embedded = 100;
    private const int OnServers = 4;
    private const int Lanes = 2;        // beside other tests the processors are full, and a fleet more only waits at their cost

    // To see again what a run has seen.
    private const string SeedVariable = "ARGOSY_CHAOS_SEED";

    [Fact]
    public Task Wherever_a_process_dies_orders_end_as_they_must_and_the_books_agree() => HoldAsync(engines: null, Embedded);

    [Fact]
    [Trait("on", "servers")]
    public async Task So_they_do_on_PostgreSQL_and_RabbitMQ()
    {
        (await PostgresServer.FindAsync()).ShouldNotBeNull("apt-get install postgresql");
        (await RabbitServer.InstalledAsync()).ShouldBeTrue("apt-get install rabbitmq-server");

        await HoldAsync("postgresql,rabbitmq", OnServers);
    }

    private async Task HoldAsync(string? engines, int count)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var given) ? given : RandomNumberGenerator.GetInt32(int.MaxValue);
        var pairwise = new Pairwise(seed);
        var chosen = pairwise.Choose(Combination.All, count, combination => combination.Factors);
        output.WriteLine($"{SeedVariable}={seed}: {count} of {Combination.All.Count} combinations, {pairwise.Met} of {Pairwise.Possible(Combination.All.Select(one => one.Factors))} pairs");
        var results = new List<TrialResult>();

        await new CrashCampaign(Repository.Find(), new Screen(), engines, seed, TimeProvider.System)
            .RunAsync(chosen, Lanes, (_, result) => results.Add(result), TestContext.Current.CancellationToken);

        output.WriteLine(CrashCampaign.Summary(results));
        results.Where(result => !result.Holds).Select(CrashCampaign.Line).ShouldBeEmpty($"with {SeedVariable}={seed}");
        results.Count.ShouldBe(count);
    }
}
