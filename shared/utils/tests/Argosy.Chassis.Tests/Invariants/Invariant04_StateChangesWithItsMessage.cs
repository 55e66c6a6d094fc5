using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Killed before and after the commit, and everywhere else. That a refused write set says nothing either is StoreSuite's.</summary>
public sealed class Invariant04_StateChangesWithItsMessage
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task State_changed_exactly_where_a_message_is_in_the_outbox_and_that_message_is_heard(string failpoint)
    {
        var report = await CrashRun.AtAsync(failpoint);

        // Every entry says one thing, so there are as many of one as of the other.
        report.Outbox.Count.ShouldBe(report.Entries.Count);
        report.Outbox.Distinct().Count().ShouldBe(report.Outbox.Count);
        report.Heard.Order().ShouldBe(report.Outbox.Order());
    }
}
