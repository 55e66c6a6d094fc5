using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

public sealed class BusKeysTests : IDisposable
{
    private const string Sender = "shipping-service", Receiver = "order-service";

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-bus-keys-").FullName;

    public BusKeysTests()
    {
        foreach (var service in new[] { Sender, Receiver })
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            File.WriteAllText(Path.Combine(_folder, $"{service}.private.pem"), key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(Path.Combine(_folder, $"{service}.public.pem"), key.ExportSubjectPublicKeyInfoPem());
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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
        var keys = new BusKeys(_folder, service, Catalog.Embedded, time, NullLogger<BusKeys>.Instance);
        keys.Load();
        return keys;
    }
}
