using System.Net.Http.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Failpoints in a file, by which a process that runs is armed.</summary>
public sealed class FailpointFileTests
{
    private const int Killed = 128 + 9;

    [Fact]
    public async Task Each_line_of_the_file_ends_one_life_from_the_moment_that_it_is_there()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-failpoints-").FullName;
        var file = Path.Combine(folder, "failpoints");
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PROBE_LEDGER"] = "1",
            ["DATABASE_URL"] = $"sqlite:{Path.Combine(folder, "probe.db")}",
            ["ARGOSY_FAILPOINT"] = $"@{file}",
        };
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", settings);
        await SayAsync(bench, "before it is armed");

        await File.WriteAllLinesAsync(file, ["answer.before:2", "commit.before"]);
        await SayAsync(bench, "the first hit");
        await Should.ThrowAsync<HttpRequestException>(() => SayAsync(bench, "the second"));

        (await bench.Process.ExitAsync()).ShouldBe(Killed);
        (await File.ReadAllLinesAsync(file)).ShouldBe(["commit.before"]);
        (await CrashRun.StartsInVainAsync(bench, settings)).ShouldBeTrue("its start commits something");
        (await File.ReadAllLinesAsync(file)).ShouldBeEmpty();
        (await File.ReadAllLinesAsync(file + ".died")).ShouldBe(["answer.before:2", "commit.before"]);

        await bench.RestartAsync(settings);
        await SayAsync(bench, "after all lines are gone");
        Directory.Delete(folder, recursive: true);
    }

    private static async Task SayAsync(ServiceBench bench, string what)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/streams/failpoints") { Content = JsonContent.Create(new { what }) };
        request.Headers.Add("Idempotency-Key", what.Replace(' ', '-'));
        using var client = bench.As("ada");
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }
}
