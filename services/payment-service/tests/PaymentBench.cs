using Argosy.Chassis.Messaging;
using Argosy.Contracts.Payment.V1;
using Argosy.PaymentProvider.Tests;
using Argosy.Testing;
using Google.Protobuf;
using Xunit;
using Wire = Argosy.Contracts.Common.V1;

namespace Argosy.Payments.Tests;

/// <summary>payment-service as its own process, against the provider as another; the test is everybody else. One pair for a class of tests.</summary>
public class PaymentBench : IAsyncLifetime
{
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public ServiceBench Service { get; private set; } = null!;

    internal ProviderProcess Provider { get; private set; } = null!;

    protected virtual bool WithWebhooks => true;

    public async ValueTask InitializeAsync()
    {
        Provider = new ProviderProcess(("PROVIDER_SLOW_MS", "1000"));
        _environment["STRIPE_API_BASE"] = Provider.Address.ToString();
        _environment["STRIPE_API_KEY"] = ProviderProcess.ApiKey;
        _environment["STRIPE_WEBHOOK_SECRET"] = ProviderProcess.WebhookSecret;
        _environment["STRIPE_TIMEOUT_MS"] = "2000";
        Service = await ServiceBench.StartAsync("payment-service", "PaymentService", _environment);
        if (WithWebhooks)
        {
            Provider.Keep("PROVIDER_WEBHOOK_URL", new Uri(Service.Address, "/webhooks/stripe").ToString());
        }

        await Provider.StartAgainAsync();
    }

    /// <summary>The service again, on the same data, with a failpoint armed for this life only.</summary>
    public Task RestartAsync(string? failpoint = null) => Service.RestartAsync(
        failpoint is null ? _environment : new Dictionary<string, string>(_environment, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = failpoint });

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Provider.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A pair whose provider is mute: what arrives at the webhook is the test's.</summary>
public sealed class MuteProviderBench : PaymentBench
{
    protected override bool WithWebhooks => false;
}

/// <summary>A test with an order of its own.</summary>
public abstract class PaymentTest(PaymentBench bench)
{
    private static int _orders;

    protected string Order { get; } = $"order-{Interlocked.Increment(ref _orders)}";

    protected string Id => Payment.IdOf(Order);

    protected PaymentBench Bench => bench;

    protected BusPeer Bus => bench.Service.Bus;

    internal ProviderProcess Provider => bench.Provider;

    internal CapturePayment Capture(string token = "tok_visa", long amount = 1000, string? order = null) => new()
    {
        OrderId = order ?? Order,
        CustomerId = "ada",
        PaymentToken = token,
        Amount = new Wire.Money { Amount = amount, Currency = "EUR" },
    };

    internal RefundPayment Undo(string? order = null) => new() { OrderId = order ?? Order, Reason = "undone" };

    internal MessageHeaders Step(string step = "capture/do/1") => new() { SagaId = $"checkout/{Order}", SagaStep = step };

    protected Task TellAsync(IMessage message, string step = "capture/do/1", string? id = null) => bench.Service.SendAsync("order-service", message, id, Step(step));

    /// <summary>As a relay does: until it is acknowledged, whoever dies meanwhile.</summary>
    protected async Task<bool> TryTellAsync(IMessage message, string step, string id)
    {
        try
        {
            await TellAsync(message, step, id);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    protected async Task<PaymentCaptured> CapturedAsync(string token = "tok_visa", long amount = 1000)
    {
        await TellAsync(Capture(token, amount));
        return await CaptureHeardAsync();
    }

    protected Task<PaymentCaptured> CaptureHeardAsync() => Bus.HearAsync<PaymentCaptured>(m => m.OrderId == Order, TimeSpan.FromSeconds(40));

    protected Task<PaymentDeclined> DeclineHeardAsync() => Bus.HearAsync<PaymentDeclined>(m => m.OrderId == Order, TimeSpan.FromSeconds(40));

    protected Task<PaymentRefunded> RefundHeardAsync() => Bus.HearAsync<PaymentRefunded>(m => m.OrderId == Order, TimeSpan.FromSeconds(40));

    internal async Task<IReadOnlyList<Entry>> LedgerAsync() => [.. (await Provider.LedgerAsync()).Where(e => e.OrderId == Order)];
}
