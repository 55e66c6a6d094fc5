using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Shouldly;
using Xunit;

namespace Argosy.Simulation.Tests;

/// <summary>A simulation that finds nothing proves nothing: each of these engines is broken in one place, and some story shows it.</summary>
public sealed class BrokenEngineTests
{
    [Fact]
    public Task An_inbox_that_forgets_is_found() => FindsAsync(store => new WithoutInbox(store), 2, "a message takes effect once");

    [Fact]
    public Task An_undo_that_forbids_nothing_is_found() => FindsAsync(store => new WithoutForbidding(store), 3, "a do after its undo has no effect");

    [Fact]
    public Task An_acknowledgement_before_the_commit_is_found() => FindsAsync(store => new AckBeforeCommit(store), 4);

    [Fact]
    public Task A_message_in_a_commit_of_its_own_is_found() => FindsAsync(store => new TwoCommits(store), 2);

    [Fact]
    public Task A_cursor_that_moves_first_is_found() => FindsAsync(store => new CursorFirst(store), 2, "what was said arrives");

    [Fact]
    public Task A_saga_that_is_written_blindly_is_found() => FindsAsync(store => new BlindSaga(store), 2);

    // Found, and then told with so few faults that a person sees what each of them does.
    private static async Task FindsAsync(Func<IStore, IStore> breaks, int faults, string? law = null)
    {
        IStore Broken(string service, IStore store) => breaks(store);
        var campaign = await Campaign.RunAsync(1, 1500, Broken);

        campaign.Broken.ShouldNotBeNull();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {campaign.Broken.Seed}: {campaign.Broken.How}");
        if (law is not null)
        {
            campaign.Broken.How.ShouldStartWith(law);
        }

        await using var fleet = await Fleet.MakeAsync();
        var shrinker = new Shrinker(fleet, Broken);
        var shortest = (await shrinker.ShrinkAsync(campaign.Broken.Seed)).ShouldNotBeNull();
        TestContext.Current.TestOutputHelper?.WriteLine($"{shortest}\n{shrinker.Told} stories");

        campaign.Broken.How.ShouldStartWith(shortest.Law);
        shortest.Strikes.Count.ShouldBeLessThanOrEqualTo(faults);
        var again = Schedule.Read(shortest.Write());
        var broken = await Should.ThrowAsync<LawBrokenException>(() => World.TellAsync(again.Seed, fleet, Trace.Off, Broken, new Misfortunes(again)));
        broken.Law.ShouldBe(shortest.Law);
    }
}
