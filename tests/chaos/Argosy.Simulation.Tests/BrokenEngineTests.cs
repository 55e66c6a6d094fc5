using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Shouldly;
using Xunit;

namespace Argosy.Simulation.Tests;

/// <summary>A simulation that finds nothing proves nothing: each of these engines is broken in one place, and some story shows it.</summary>
public sealed class BrokenEngineTests
{
    [Fact]
    public Task An_inbox_that_forgets_is_found() => FindsAsync(store => new WithoutInbox(store), "a message takes effect once");

    [Fact]
    public Task An_undo_that_forbids_nothing_is_found() => FindsAsync(store => new WithoutForbidding(store), "a do after its undo has no effect");

    [Fact]
    public Task An_acknowledgement_before_the_commit_is_found() => FindsAsync(store => new AckBeforeCommit(store));

    [Fact]
    public Task A_message_in_a_commit_of_its_own_is_found() => FindsAsync(store => new TwoCommits(store));

    [Fact]
    public Task A_cursor_that_moves_first_is_found() => FindsAsync(store => new CursorFirst(store), "what was said arrives");

    [Fact]
    public Task A_saga_that_is_written_blindly_is_found() => FindsAsync(store => new BlindSaga(store));

    private static async Task FindsAsync(Func<IStore, IStore> breaks, string? law = null)
    {
        var campaign = await Campaign.RunAsync(1, 1500, (_, store) => breaks(store));

        campaign.Broken.ShouldNotBeNull();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {campaign.Broken.Seed}: {campaign.Broken.How}");
        if (law is not null)
        {
            campaign.Broken.How.ShouldStartWith(law);
        }
    }
}
