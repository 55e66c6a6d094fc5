using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>Webhooks, idempotency keys and bus messages that are forged or come again. Numbers are those of the list of abuse cases.</summary>
[Trait("on", "embedded")]
public sealed class AbuseOfRepeats(Fleet fleet)
{
    private const string Event = """{"id":"evt_abuse","object":"event","type":"payment_intent.succeeded","created":1,"data":{"object":{"id":"pi_abuse","object":"payment_intent","metadata":{}}}}""";

    [Fact]
    public async Task Case26_a_webhook_that_is_forged_or_old_is_refused()
    {
        var secret = (await File.ReadAllTextAsync(Path.Combine(fleet.Data, "keys", "provider-webhook-secret.txt"))).Trim();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        (await DeliverAsync(Sign(secret, now, Event))).ShouldBe(HttpStatusCode.OK, "or the rest proves nothing");
        foreach (var (what, signature) in new[]
        {
            ("none", ""), ("rubbish", "t=1,v1=00"), ("another endpoint's secret", Sign("whsec_another", now, Event)), ("an hour old", Sign(secret, now - 3600, Event)),
            ("from the future", Sign(secret, now + 3600, Event)), ("of another body", Sign(secret, now, Event.Replace("pi_abuse", "pi_other", StringComparison.Ordinal))), ("without a time", Sign(secret, now, Event).Split(',')[1]),
        })
        {
            (await DeliverAsync(signature)).ShouldBe(HttpStatusCode.Unauthorized, what);
        }
    }

    [Fact]
    public async Task Case27_a_webhook_that_comes_again_and_again_is_accepted_and_changes_nothing()
    {
        var secret = (await File.ReadAllTextAsync(Path.Combine(fleet.Data, "keys", "provider-webhook-secret.txt"))).Trim();
        var signature = Sign(secret, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), Event);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync(signature)));

        answers.ShouldAllBe(status => status == HttpStatusCode.OK || status == HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Case28_the_same_key_with_another_body_is_refused()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        var key = Guid.NewGuid().ToString();
        (await customer.PlaceAsync(Orders.Body(sku), key)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        (await customer.PlaceAsync(Orders.Body(sku, quantity: 2), key)).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Case29_fifty_at_once_with_one_key_are_one_order()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 100);
        var key = Guid.NewGuid().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => customer.PlaceAsync(Orders.Body(sku), key)));

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Accepted || answer.StatusCode == HttpStatusCode.Conflict);
        (await Task.WhenAll(answers.Where(answer => answer.IsSuccessStatusCode).Select(answer => answer.Content.ReadAsStringAsync()))).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Case30_somebody_elses_key_is_ones_own_and_no_key_is_refused()
    {
        var (one, other) = (await fleet.CustomerAsync(), await fleet.CustomerAsync());
        var sku = await fleet.ItemAsync(stock: 5);
        var key = Guid.NewGuid().ToString();

        using var first = await one.PlaceAsync(Orders.Body(sku), key);
        using var second = await other.PlaceAsync(Orders.Body(sku, quantity: 2), key);

        (first.StatusCode, second.StatusCode).ShouldBe((HttpStatusCode.Accepted, HttpStatusCode.Accepted));
        (await second.Content.ReadAsStringAsync()).ShouldNotBe(await first.Content.ReadAsStringAsync());
        foreach (var bad in new[] { " ", new string('k', 300), "two words" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = System.Net.Http.Json.JsonContent.Create(Orders.Body(sku)) };
            request.Headers.TryAddWithoutValidation("Idempotency-Key", bad);
            (await one.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, bad);
        }
    }

    [Fact]
    public async Task Case37_a_batch_for_the_bus_that_no_service_signed_is_refused_by_all()
    {
        foreach (var service in fleet.Services.Where(name => name.EndsWith("-service", StringComparison.Ordinal)))
        {
            foreach (var token in new[] { null, "x.y.z", fleet.Admin.DefaultRequestHeaders.Authorization!.Parameter })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf(service), "/bus/v1")) { Content = new ByteArrayContent([1, 2, 3]) };
                request.Headers.TryAddWithoutValidation("Authorization", token is null ? null : $"Bearer {token}");
                (await fleet.Gateway.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, service);
            }
        }
    }

    private async Task<HttpStatusCode> DeliverAsync(string signature)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf("payment-service"), "/webhooks/stripe")) { Content = new StringContent(Event, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        using var answer = await fleet.Gateway.SendAsync(request);
        return answer.StatusCode;
    }

    // https://docs.stripe.com/webhooks#verify-manually
    private static string Sign(string secret, long time, string body)
    {
        var signed = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{time}.{body}")));
        return string.Create(CultureInfo.InvariantCulture, $"t={time},v1={Convert.ToHexStringLower(signed)}");
    }
}
