using Argosy.Contracts.Payment.V1;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

/// <summary>kill -9 around every call to the provider, once and twice; afterwards the provider's books decide.</summary>
public sealed class CrashProcessTests(PaymentBench bench) : PaymentTest(bench), IClassFixture<PaymentBench>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    // A second life dies at the same place only where the first left no trace at the provider, or one that is read by a replay.
    public static TheoryData<string, int> CapturePoints => new()
    {
        { "provider.create.before", 1 }, { "provider.create.before", 2 }, { "provider.create.after", 1 }, { "provider.create.after", 2 },
        { "provider.confirm.before", 1 }, { "provider.confirm.before", 2 }, { "provider.confirm.after", 1 }, { "intent.after", 1 },
    };

    public static TheoryData<string, int> RefundPoints => new()
    {
        { "provider.refund.before", 1 }, { "provider.refund.before", 2 }, { "provider.refund.after", 1 },
    };

    [Theory]
    [MemberData(nameof(CapturePoints))]
    public async Task Killed_around_a_capture_it_captures_exactly_once(string failpoint, int times)
    {
        await DieAsync(failpoint, times, Capture(), "capture/do/1");

        (await CaptureHeardAsync()).Amount.Amount.ShouldBe(1000);
        (await LedgerAsync()).Select(e => (e.Type, e.Amount)).ShouldBe([("capture", 1000)]);

        // The key says that it is the same wish as before: a second intent would be a second chance to charge.
        var query = Uri.EscapeDataString($"metadata['payment_id']:'{Id}'");
        (await Provider.GetAsync($"/v1/payment_intents/search?query={query}")).GetProperty("data").GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(RefundPoints))]
    public async Task Killed_around_a_refund_it_refunds_exactly_once(string failpoint, int times)
    {
        await Bench.RestartAsync();
        await CapturedAsync();
        await DieAsync(failpoint, times, Undo(), "capture/undo/1");

        (await RefundHeardAsync()).Amount.Amount.ShouldBe(1000);
        (await LedgerAsync()).Select(e => (e.Type, e.Amount)).ShouldBe([("capture", 1000), ("refund", 1000)]);
    }

    [Theory]
    [InlineData("provider.cancel.before")]
    [InlineData("provider.cancel.after")]
    public async Task Killed_around_a_cancellation_it_takes_nothing(string failpoint)
    {
        // An intent that nobody has confirmed, and a provider that is away while its order is undone.
        await Bench.RestartAsync("provider.confirm.before");
        await TryTellAsync(Capture(), "capture/do/1", $"{Order}/do");
        await Bench.Service.Process.ExitAsync(Patience);
        await Provider.KillAsync();
        await Bench.RestartAsync();
        await TellAsync(Undo(), "capture/undo/1");
        await RestartDoomedAsync(failpoint);
        await Provider.StartAgainAsync();
        await Bench.Service.Process.ExitAsync(Patience);
        await Bench.RestartAsync();

        (await RefundHeardAsync()).Amount.Amount.ShouldBe(0);
        (await LedgerAsync()).ShouldBeEmpty();
    }

    // The message is repeated until it is acknowledged, as a relay does; each life but the last dies at the failpoint.
    private async Task DieAsync(string failpoint, int times, Google.Protobuf.IMessage message, string step)
    {
        var told = false;
        for (var life = 0; life < times; life++)
        {
            await RestartDoomedAsync(failpoint);
            told = told || await TryTellAsync(message, step, $"{Order}/{step}");
            (await Bench.Service.Process.ExitAsync(Patience)).ShouldNotBe(0);
        }

        await Bench.RestartAsync();
        if (!told)
        {
            await TellAsync(message, step, $"{Order}/{step}");
        }
    }

    // Work of the life before may end this one before it is ready.
    private async Task RestartDoomedAsync(string failpoint)
    {
        try
        {
            await Bench.RestartAsync(failpoint);
        }
        catch (InvalidOperationException e) when (e.Message.StartsWith("The service ended with 137", StringComparison.Ordinal))
        {
            // 128 + SIGKILL, as planned.
        }
    }
}
