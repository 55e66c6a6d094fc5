using System.Net.Http.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Failpoints in a file, by which a process that runs is armed.</summary>
public sealed class FailpointFileTests : IDisposable
{
    private const int Killed = 128 + 9;

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-failpoints-").FullName;

    private string Points => Path.Combine(_folder, "failpoints");

    private Dictionary<string, string> Settings => new(StringComparer.Ordinal)
    {
        ["PROBE_LEDGER"] = "1",
        ["DATABASE_URL"] = $"sqlite:{Path.Combine(_folder, "probe.db")}",
        ["ARGOSY_FAILPOINT"] = $"@{Points}",
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_line_of_the_file_ends_one_life_from_the_moment_that_it_is_there()
    {
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", Settings);
        await SayAsync(bench, "before it is armed");

        await File.WriteAllLinesAsync(Points, ["answer.before:2", "commit.before"]);
        await SayAsync(bench, "the first hit");
        await Should.ThrowAsync<HttpRequestException>(() => SayAsync(bench, "the second"));

        (await bench.Process.ExitAsync()).ShouldBe(Killed);
        (await File.ReadAllLinesAsync(Points)).ShouldBe(["commit.before"]);
        (await CrashRun.StartsInVainAsync(bench, Settings)).ShouldBeTrue("its start commits something");
        (await File.ReadAllLinesAsync(Points)).ShouldBeEmpty();
        (await File.ReadAllLinesAsync(Points + ".died")).ShouldBe(["answer.before:2", "commit.before"]);

        await bench.RestartAsync(Settings);
        await SayAsync(bench, "after all lines are gone");
    }

    [Fact]
    public async Task A_file_that_goes_while_a_point_looks_is_no_file()
    {
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", Settings);
        using var enough = new CancellationTokenSource();
        var armsAndDisarms = Task.Run(
            () =>
            {
                while (!enough.IsCancellationRequested)
                {
                    File.WriteAllLines(Points + ".new", ["never.passed"]);
                    File.Move(Points + ".new", Points);
                    File.Delete(Points);
                }
            },
            TestContext.Current.CancellationToken);

        try
        {
            for (var i = 0; i < 50; i++)
            {
                await SayAsync(bench, $"with and without {i}");
            }
        }
        finally
        {
            await enough.CancelAsync();
            await armsAndDisarms;
        }
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
