using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Killed before and after the commit, and everywhere else. That a refused write set says nothing either is StoreSuite's.</summary>
public abstract class Invariant04_StateChangesWithItsMessage<TEngine>
    where TEngine : IEngine
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task State_changed_exactly_where_a_message_is_in_the_outbox_and_that_message_is_heard(string failpoint)
    {
        var report = await CrashRun.AtAsync<TEngine>(failpoint);

        // Every entry says one thing, so there are as many of one as of the other.
        report.Outbox.Count.ShouldBe(report.Entries.Count);
        report.Outbox.Distinct().Count().ShouldBe(report.Outbox.Count);
        report.Heard.Order().ShouldBe(report.Outbox.Order());
    }
}

public sealed class Invariant04_StateChangesWithItsMessageOnSqlite : Invariant04_StateChangesWithItsMessage<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant04_StateChangesWithItsMessageOnPostgres : Invariant04_StateChangesWithItsMessage<OnPostgres>;
