using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>InboxTests has twins that race in one process; here the process dies, between the commit and the acknowledgement too.</summary>
public abstract class Invariant05_MessagesTakeEffectOnce<TEngine>
    where TEngine : IEngine
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task A_message_takes_effect_once_however_often_it_comes_and_wherever_the_process_dies(string failpoint)
    {
        var report = await CrashRun.AtAsync<TEngine>(failpoint);

        // Each was sent three times at least: before or during the kill, and twice after it, shuffled.
        report.Wishes.Where(wish => report.EntriesOf(wish) != 1).ShouldBeEmpty();
        report.Entries.Count.ShouldBe(report.Wishes.Count);
    }

    [Fact]
    public async Task Everything_delivered_three_times_and_shuffled_takes_effect_once()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var messages = Enumerable.Range(0, 200).Select(i => desk.Message($"key{i % 20}", $"m{i}")).ToArray();
        Envelope[] thrice = [.. messages, .. messages, .. messages];
        new Random(5).Shuffle(thrice);

        await Task.WhenAll(thrice.Select(desk.DeliverAsync));

        (await desk.Store.QueryAsync<string>("select id from effect")).Order().ShouldBe(messages.Select(m => m.Id).Order());
    }
}

public sealed class Invariant05_MessagesTakeEffectOnceOnSqlite : Invariant05_MessagesTakeEffectOnce<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant05_MessagesTakeEffectOnceOnPostgres : Invariant05_MessagesTakeEffectOnce<OnPostgres>;
