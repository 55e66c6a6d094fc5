using System.Text.Json;

namespace Argosy.PaymentProvider;

/// <summary>Events on their way to the merchant's webhook: stored in the commit of their cause, delivered by <see cref="Courier"/>.</summary>
internal sealed class Outgoing(WebhookTarget? target, Panel panel) : IDisposable
{
    public const string ApiVersion = "2024-06-20";

    private readonly SemaphoreSlim _news = new(0, 1);

    public void Add<T>(Statements write, string type, T resource, DateTimeOffset now)
    {
        if (target is null)
        {
            return;
        }

        var id = Ids.New("evt", now);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new EventResource<T>(id, "event", ApiVersion, now.ToUnixTimeSeconds(), type, Livemode: false, PendingWebhooks: 1, new(resource)),
            typeof(EventResource<T>), StripeJson.Default);
        write.Execute(
            "insert into event (id, type, body, created, due) values ($1, $2, $3, $4, $5)",
            id, type, body, now.ToUnixTimeMilliseconds(), now.AddMilliseconds(panel.Knobs.WebhookDelayMs).ToUnixTimeMilliseconds());
    }

    /// <summary>Tells the courier that something may be due; a lost call costs a poll's time, no more.</summary>
    public void Wake()
    {
        try
        {
            _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been told already.
        }
    }

    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => _news.WaitAsync(atMost, cancellation);

    public void Dispose() => _news.Dispose();
}
