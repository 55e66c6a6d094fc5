using System.Reflection;
using Argosy.Chassis.RabbitMq;
using Argosy.Testing;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>The end of a channel is waited for, and not for ever: whoever waits takes no messages meanwhile.</summary>
public sealed class OwnChannelTests
{
    private readonly FakeTime _time = new();
    private readonly TaskCompletionSource _never = new();

    [Fact]
    public async Task A_channel_that_does_not_end_is_given_up() => await GivenUpAsync(OwnChannel.CloseAsync(ChannelThatEnds(_never.Task), Task.CompletedTask, _time));

    [Fact]
    public async Task So_is_one_whose_acknowledgements_do_not() => await GivenUpAsync(OwnChannel.CloseAsync(ChannelThatEnds(Task.CompletedTask), before: _never.Task, _time));

    [Fact]
    public async Task What_ends_in_time_ends_it() => await OwnChannel.CloseAsync(ChannelThatEnds(Task.CompletedTask), Task.CompletedTask, _time);

    private async Task GivenUpAsync(Task closing)
    {
        _time.Advance(TimeSpan.FromSeconds(14));
        closing.IsCompleted.ShouldBeFalse("the client may still end it by itself");
        _time.Advance(TimeSpan.FromSeconds(1));
        (await Should.ThrowAsync<TimeoutException>(closing)).Message.ShouldBe("A channel isn't closed after 15 s.");
    }

    private static IChannel ChannelThatEnds(Task end)
    {
        var channel = DispatchProxy.Create<IChannel, Channel>();
        ((Channel)(object)channel).End = end;
        return channel;
    }

    /// <summary>All that is asked of it is to end.</summary>
    public class Channel : DispatchProxy
    {
        public Task End { get; set; } = Task.CompletedTask;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod?.Name == nameof(IAsyncDisposable.DisposeAsync) ? new ValueTask(End) : throw new NotSupportedException($"{targetMethod?.Name} of a channel that only ends");
    }
}
