using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>A way from one service to another, and what can happen to it.</summary>
internal interface ITransport : IAsyncDisposable
{
    /// <summary>Begins to carry what the world publishes.</summary>
    Task StartAsync();

    /// <summary>Every connection is lost at once, with whatever is on it.</summary>
    Task CutAsync();

    /// <summary>What the messages go to stops, and starts again.</summary>
    Task RestartAsync();

    /// <summary>What the messages go to stands still, and goes on.</summary>
    Task PauseAsync();

    /// <summary>What the relay says is under way or waits.</summary>
    Task<long> BacklogAsync();
}

/// <summary>What every bus must do, whatever happens to it.</summary>
public abstract class BusConformance : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);
    private BusWorld _world = null!;
    private ITransport _transport = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await BusWorld.OpenAsync();
        _transport = await MakeAsync(_world);
        await _transport.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_transport is not null)
        {
            await _transport.DisposeAsync();
        }

        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Everything_arrives_once_and_in_the_order_of_its_key()
    {
        await _world.PublishAsync(1_500);

        await _world.ShouldHaveHeardEverythingAsync(Within);
        await Eventually.HoldsAsync(async () => await _transport.BacklogAsync() == 0, "nothing waits any more");
    }

    [Fact]
    public async Task Nothing_is_lost_or_overtaken_while_connections_are_cut()
    {
        await DisturbedAsync(_transport.CutAsync, times: 4);
    }

    [Fact]
    public async Task Nothing_is_lost_or_overtaken_over_a_restart()
    {
        await DisturbedAsync(_transport.RestartAsync, times: 1);
    }

    [Fact]
    public async Task Nothing_is_lost_or_overtaken_over_a_pause()
    {
        await DisturbedAsync(_transport.PauseAsync, times: 2);
    }

    [Fact]
    public async Task Poison_is_parked_and_holds_up_its_own_key_only()
    {
        _world.Poison["key3"] = true;
        await _world.PublishAsync(130);

        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 120 && (await _world.ParkedAsync()).Count == 10, "the others were heard", Within);
        (await _world.ParkedAsync()).ShouldAllBe(parked => parked.Key == "key3" && parked.State == "retry");

        _world.Poison.Clear();
        await _world.ShouldHaveHeardEverythingAsync(Within);
    }

    [Fact]
    public async Task A_message_that_nobody_hears_holds_up_nothing()
    {
        await _world.PublishUnheardAsync();
        await _world.PublishAsync(20);
        await _world.PublishUnheardAsync();

        await _world.ShouldHaveHeardEverythingAsync(Within);
        await Eventually.HoldsAsync(async () => await _transport.BacklogAsync() == 0, "nothing waits any more");
    }

    private protected abstract Task<ITransport> MakeAsync(BusWorld world);

    private async Task DisturbedAsync(Func<Task> disturb, int times)
    {
        await _world.PublishAsync(200);
        await Eventually.HoldsAsync(async () => await _world.HeardAsync() > 0, "messages flow", Within);
        for (var i = 0; i < times; i++)
        {
            var publishing = _world.PublishAsync(400);
            await disturb();
            await publishing;
        }

        await _world.PublishAsync(50);
        await _world.ShouldHaveHeardEverythingAsync(Within);
    }
}
