using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Payments;

/// <summary>A delivery as it came: the bytes that were signed, and the signature.</summary>
internal sealed record WebhookDelivery(byte[] Body, string Signature)
{
    /// <summary>Called by ASP.NET Core. The body is bounded by the server's limit; it is verified as bytes, before anybody parses it.</summary>
    public static async ValueTask<WebhookDelivery?> BindAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        return new WebhookDelivery(body.ToArray(), http.Request.Headers["Stripe-Signature"].ToString());
    }
}

/// <summary>
/// Where the provider tells us that something happened. The protocol:
/// <list type="number">
/// <item>The signature holds and is not older than five minutes, else 401 and nothing else.</item>
/// <item>Nothing of its payment waits, or the event was accepted before: 200, no effect.</item>
/// <item>In one commit: the event's id, and the payment's task is due now.</item>
/// <item>The worker asks the provider. What the event itself says of money is never believed.</item>
/// </list>
/// </summary>
internal static class Webhooks
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(300);

    // Stripe repeats an event for three days.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);
    private static readonly Problem Forged = Problem.Unauthorized("webhook.signature", "The signature does not hold, or is too old.");

    public static void MapWebhooks(this WebApplication app) =>
        app.MapPost("/webhooks/stripe", AcceptAsync).AllowAnonymous().ServedAs(Priority.PaymentResults).UncheckedForCards().Writes().Quiet()
            .TakesBody<JsonElement>("application/json").TakesHeader("Stripe-Signature", "`t=SECONDS,v1=HEX`: an HMAC-SHA256 of the time and the body.", required: true)
            .WithSummary("Hear from the payment provider").Answers(200, "Heard; what of it matters is asked for.").Refuses(401);

    private static async Task<IResult> AcceptAsync(
        HttpContext http, WebhookDelivery delivery, PaymentOptions options, PaymentWorker worker, IStore store, WriteSet work, CancellationToken cancellation)
    {
        if (!IsGenuine(delivery.Signature, delivery.Body, options.WebhookSecrets, work.Now))
        {
            http.CountRefusal("webhook.refuse", Forged.Code);
            return Forged.ToResult();
        }

        if (StripeAnswers.Event(delivery.Body) is not { } happened)
        {
            return Problem.Invalid("webhook.event", "The body is no event.").ToResult();
        }

        // Most come when the answer has long settled what they tell. Where nothing waits there is no effect, and nothing to remember.
        if (happened.PaymentId is not { } payment || !await ProviderTasks.ExistsAsync(store, payment, cancellation) || await WasAcceptedAsync(store, happened, cancellation))
        {
            return Results.Ok();
        }

        // A twin that commits first makes this set conflict; decided again, it finds the twin's row.
        work.Execute("insert into webhook_event (id, at) values (@id, @at) on conflict (id) do nothing", new { id = happened.Id, at = work.NowMilliseconds }, rows: 1);
        work.Execute("delete from webhook_event where at < @horizon", new { horizon = (work.Now - Kept).ToUnixTimeMilliseconds() });
        ProviderTasks.Nudge(work, payment);
        work.OnCommitted(() => worker.Nudge(payment));
        return Results.Ok();
    }

    private static async Task<bool> WasAcceptedAsync(IStore store, ProviderEvent happened, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<string>("select id from webhook_event where id = @id", new { id = happened.Id }, cancellation) is not null;

    /// <summary>
    /// Stripe's scheme: <c>t=SECONDS,v1=HEX,…</c>, each v1 an HMAC-SHA256 of <c>SECONDS.BODY</c>. One of them has to fit one of the
    /// secrets; all are compared, in constant time.
    /// </summary>
    internal static bool IsGenuine(string signature, ReadOnlySpan<byte> body, IReadOnlyList<string> secrets, DateTimeOffset now)
    {
        long? timestamp = null;
        var offered = new List<byte[]>();
        foreach (var part in signature.Split(','))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal) && long.TryParse(part.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                timestamp = seconds;
            }
            else if (part.StartsWith("v1=", StringComparison.Ordinal))
            {
                offered.Add(Encoding.ASCII.GetBytes(part[3..]));
            }
        }

        if (timestamp is not { } signedAt || offered.Count is 0 or > 8 || Math.Abs(now.ToUnixTimeSeconds() - signedAt) > Tolerance.TotalSeconds)
        {
            return false;
        }

        var genuine = false;
        foreach (var secret in secrets)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
            hmac.AppendData(Encoding.ASCII.GetBytes($"{signedAt}."));
            hmac.AppendData(body);
            var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hmac.GetHashAndReset()));
            offered.ForEach(candidate => genuine |= CryptographicOperations.FixedTimeEquals(candidate, expected));
        }

        return genuine;
    }
}
