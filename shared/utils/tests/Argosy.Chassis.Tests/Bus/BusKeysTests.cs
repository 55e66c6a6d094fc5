using Argosy.Chassis.Hosting.Bus;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

public sealed class BusKeysTests : IAsyncLifetime
{
    private const string Sender = "shipping-service", Receiver = "order-service";

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-bus-keys-").FullName;

    private string _keys = "";

    public async ValueTask InitializeAsync() => _keys = await BusPeer.MakeKeysAsync(_folder);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(30, true)]      // half a minute is forgiven
    [InlineData(31, false)]
    [InlineData(186, false)]
    [InlineData(3600, false)]
    [InlineData(-90, true)]     // and a token lives for a minute
    [InlineData(-91, false)]
    public async Task Whoever_s_clock_was_wrong_is_believed_as_soon_as_it_is_right_again(int seconds, bool isForgiven)
    {
        var (senders, receivers) = (new FakeTime(), new FakeTime());
        using var sender = Keys(Sender, senders);
        using var receiver = Keys(Receiver, receivers);

        senders.Jump(TimeSpan.FromSeconds(seconds));
        (await receiver.VerifyAsync(sender.TokenFor(Receiver)) is not null).ShouldBe(isForgiven);
        senders.Jump(TimeSpan.FromSeconds(-seconds));

        (await receiver.VerifyAsync(sender.TokenFor(Receiver))).ShouldBe(Sender);
    }

    [Fact]
    public void A_token_is_used_for_half_a_minute()
    {
        var time = new FakeTime();
        using var sender = Keys(Sender, time);
        var first = sender.TokenFor(Receiver);

        time.Advance(TimeSpan.FromSeconds(29));
        sender.TokenFor(Receiver).ShouldBe(first);
        time.Advance(TimeSpan.FromSeconds(1));
        sender.TokenFor(Receiver).ShouldNotBe(first);
    }

    private BusKeys Keys(string service, FakeTime time)
    {
        var keys = new BusKeys(_keys, service, Catalog.Embedded, time, NullLogger<BusKeys>.Instance);
        keys.Load();
        return keys;
    }
}
