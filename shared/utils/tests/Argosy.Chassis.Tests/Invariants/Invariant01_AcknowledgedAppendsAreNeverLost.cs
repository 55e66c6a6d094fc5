using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Real processes under SIGKILL at every failpoint that the chassis has, then their file is read.</summary>
public abstract class Invariant01_AcknowledgedAppendsAreNeverLost<TEngine>
    where TEngine : IEngine
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task An_acknowledged_append_is_never_lost_and_stream_versions_are_dense(string failpoint)
    {
        var report = await CrashRun.AtAsync<TEngine>(failpoint);

        report.EndedWith.ShouldBe(137, "it was SIGKILL");
        report.Acknowledged.ShouldNotBeEmpty();
        report.Lost.ShouldBeEmpty();
        report.Wishes.Where(wish => report.EntriesOf(wish) == 0).ShouldBeEmpty();
        foreach (var stream in report.Entries.GroupBy(entry => entry.Stream))
        {
            stream.Select(entry => entry.Version).ShouldBe(Enumerable.Range(1, stream.Count()).Select(version => (long)version));
        }
    }

    [Theory]
    [InlineData("services")]
    [InlineData("tools")]
    public void Every_failpoint_of_a_service_is_a_case_of_its_own_tests(string folder)
    {
        foreach (var owner in Directory.GetDirectories(Path.Combine(Source.Root, folder)).Where(owner => Directory.Exists(Path.Combine(owner, "src")) && Directory.Exists(Path.Combine(owner, "tests"))))
        {
            var tests = string.Concat(Source.Files(Path.Combine(owner, "tests")).Select(File.ReadAllText));
            CrashRun.NamesIn(Path.Combine(owner, "src")).Where(name => !tests.Contains($"\"{name}", StringComparison.Ordinal)).ShouldBeEmpty(owner);
        }
    }
}

public sealed class Invariant01_AcknowledgedAppendsAreNeverLostOnSqlite : Invariant01_AcknowledgedAppendsAreNeverLost<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant01_AcknowledgedAppendsAreNeverLostOnPostgres : Invariant01_AcknowledgedAppendsAreNeverLost<OnPostgres>;
