using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class BackupVerbTests
{
    [Theory]
    [InlineData("postgresql")]
    [InlineData("rabbitmq")]
    public void A_fleet_on_servers_is_refused_with_what_to_use_instead(string engine) =>
        Should.Throw<Refusal>(() => BackupVerb.RefuseServers(FleetOf("order-service", engine))).Message.ShouldBe(
            $"this fleet stands on {engine}; backup is for SQLite and the push bus, with servers use theirs (pg_dump, or an archive of the write-ahead log)");

    [Fact]
    public void A_fleet_that_keeps_everything_in_its_folder_is_not() => Should.NotThrow(() => BackupVerb.RefuseServers(FleetOf("gateway", "order-service", "redis")));

    private static FleetState FleetOf(params string[] processes) => new("http://127.0.0.1:1", [.. processes.Select((name, i) => new ProcessEntry(name, i + 1, i + 1, $"http://127.0.0.1:{i + 1}"))]);
}
