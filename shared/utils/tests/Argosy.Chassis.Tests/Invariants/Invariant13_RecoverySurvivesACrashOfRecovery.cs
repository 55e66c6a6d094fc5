using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>After each kill the process was killed twice more, before and after its first commit of the start, and only then left alone.</summary>
public sealed class Invariant13_RecoverySurvivesACrashOfRecovery
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task Recovery_survives_a_crash_of_recovery(string failpoint)
    {
        var report = await CrashRun.AtAsync(failpoint);

        report.RecoveryDied.ShouldBeTrue("the second and the third start were killed before they were ready");
        report.Wishes.Select(report.EntriesOf).ShouldAllBe(entries => entries == 1);
        report.Heard.Order().ShouldBe(report.Outbox.Order());
    }
}
