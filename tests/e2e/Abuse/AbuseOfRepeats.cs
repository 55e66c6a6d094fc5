using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Chassis.Messaging;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
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
        var secret = await SecretAsync();
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
    public async Task Case27_a_webhook_that_comes_again_in_its_window_is_accepted_and_has_one_effect()
    {
        var secret = await SecretAsync();
        var customer = await fleet.CustomerAsync();
        var order = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5), token: "tok_slow"));
        var payment = await Eventually.HasAsync(() => PaymentAsync(customer, order), "the payment waits for the provider", TimeSpan.FromSeconds(20));
        var id = $"evt_{Guid.NewGuid():N}";
        var body = Event.Replace("evt_abuse", id, StringComparison.Ordinal).Replace("\"metadata\":{}", $$"""
            "metadata":{"payment_id":"{{payment}}"}
            """, StringComparison.Ordinal);
        var signature = Sign(secret, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), body);

        var atOnce = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync(signature, body)));
        var later = await DeliverAsync(signature, body);

        atOnce.Append(later).ShouldAllBe(status => status == HttpStatusCode.OK);
        (await AskAsync("select count(*) from webhook_event where id = $1", id)).ShouldBe("1", "it was acted upon once");
        await customer.BecomesAsync(order, "confirmed");
        (await fleet.LedgerAsync(order)).Count(entry => entry.Type.Contains("capture", StringComparison.OrdinalIgnoreCase)).ShouldBe(1);
        (await DeliverAsync(signature, body)).ShouldBe(HttpStatusCode.OK, "and when nothing waits for it any more");
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
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(Orders.Body(sku)) };
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

    [Fact]
    public async Task Case37_with_a_stolen_key_a_message_takes_effect_once_other_types_are_refused_and_poison_is_parked()
    {
        if (!Directory.Exists(Path.Combine(fleet.Data, "keys", "bus")) || Fleet.On.Contains("rabbitmq"))
        {
            Assert.Skip("On RabbitMQ there is no /bus/v1.");
        }

        await using var thief = BusPeer.WithKeysOf(Path.Combine(fleet.Data, "keys", "bus"));
        using var signer = await Signer.OfAsync(fleet);
        var user = Guid.CreateVersion7().ToString();
        var registered = BusPeer.Wrap("auth-service", new UserRegistered { UserId = user, Email = $"{user}@example.com", Name = "Eve" });
        (await PushAsync(thief, registered, "auth-service")).ShouldBe(HttpStatusCode.OK, "or the rest proves nothing");
        using var eve = new HttpClient { BaseAddress = fleet.AddressOf("user-service") };
        eve.DefaultRequestHeaders.Authorization = new("Bearer", signer.Of(user, "api", "customer"));
        eve.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", "*");
        using var change = await eve.PatchAsJsonAsync("/api/v1/users/me", new { name = "Mallory" });
        change.StatusCode.ShouldBe(HttpStatusCode.OK);

        // Again, byte by byte: nothing happens, and nothing fails.
        (await PushAsync(thief, registered, "auth-service")).ShouldBe(HttpStatusCode.OK);
        (await eve.GetFromJsonAsync<JsonElement>("/api/v1/users/me")).GetProperty("name").GetString().ShouldBe("Mallory");

        // What its owner does not publish, or in another's name, or with another's signature.
        (await PushAsync(thief, BusPeer.Wrap("auth-service", new UserErased { UserId = user }), "auth-service")).ShouldBe(HttpStatusCode.Forbidden);
        (await PushAsync(thief, BusPeer.Wrap("order-service", new UserRegistered { UserId = user }), "auth-service")).ShouldBe(HttpStatusCode.Forbidden);
        (await PushAsync(thief, registered with { Id = Guid.NewGuid().ToString(), Type = "argosy.auth.v1.NoSuchThing" }, "auth-service")).ShouldBe(HttpStatusCode.Forbidden);
        (await PushAsync(thief, registered, "auth-service", signer: "order-service")).ShouldBe(HttpStatusCode.Unauthorized);

        var poison = registered with { Id = Guid.NewGuid().ToString(), Body = ByteString.CopyFrom(0xff, 0xff, 0xff) };
        (await PushAsync(thief, poison, "auth-service")).ShouldBe(HttpStatusCode.OK);
        var letters = new Uri(fleet.AddressOf("user-service"), "/admin/dead-letters");
        await Eventually.HoldsAsync(
            async () => (await fleet.Admin.GetFromJsonAsync<JsonElement>(letters)).GetProperty("items").EnumerateArray().Any(letter => letter.GetProperty("id").GetString() == poison.Id),
            "it is among the dead letters", TimeSpan.FromSeconds(60));
        var other = await fleet.CustomerAsync();
        await Eventually.HoldsAsync(async () => (await other.GetAsync("/api/v1/users/me")).IsSuccessStatusCode, "what comes after it is handled", TimeSpan.FromSeconds(60));
        using var discarded = await fleet.Admin.PostAsync(new Uri(letters, $"/admin/dead-letters/{poison.Id}/discard"), null);
        discarded.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    // As the relay that is heard now, and with nothing missing before it.
    private async Task<HttpStatusCode> PushAsync(BusPeer thief, Envelope message, string sender, string? signer = null)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(fleet.Data, "services", "user-service", "user-service.db")};Mode=ReadOnly;Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = $"select epoch from bus_cursor where name = 'from/{sender}'";
        var epoch = (long)(await command.ExecuteScalarAsync())!;
        using var answer = await thief.PostAsync(fleet.AddressOf("user-service"), [message], thief.TokenFor(sender, "user-service", signer), previous: 0, position: 0, epoch);
        return answer.StatusCode;
    }

    private async Task<string> SecretAsync() => (await File.ReadAllTextAsync(Path.Combine(fleet.Data, "keys", "provider-webhook-secret.txt"))).Trim();

    private static async Task<string?> PaymentAsync(HttpClient customer, string order) =>
        (await customer.GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={order}")).GetProperty("items").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } payment
            ? payment.GetProperty("id").GetString() : null;

    // What payment-service has written down.
    private async Task<string?> AskAsync(string sql, string value)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(fleet.Data, "services", "payment-service", "payment-service.db")};Mode=ReadOnly;Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$1", value);
        return (await command.ExecuteScalarAsync())?.ToString();
    }

    private async Task<HttpStatusCode> DeliverAsync(string signature, string body = Event)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf("payment-service"), "/webhooks/stripe")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
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
