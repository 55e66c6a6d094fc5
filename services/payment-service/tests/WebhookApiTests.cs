using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Contracts.Payment.V1;
using Argosy.PaymentProvider.Tests;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

public sealed class WebhookApiTests(MuteProviderBench bench) : PaymentTest(bench), IClassFixture<MuteProviderBench>
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    private string Event => $"evt_{Order}";

    [Fact]
    public async Task A_signed_event_is_accepted() => (await DeliverAsync(Event)).ShouldBe(HttpStatusCode.OK);

    [Fact]
    public async Task A_forged_event_is_refused()
    {
        (await DeliverAsync(Event, secret: "whsec_of_somebody_else")).ShouldBe(HttpStatusCode.Unauthorized);
        (await DeliverAsync(Event, signature: "")).ShouldBe(HttpStatusCode.Unauthorized);
        (await DeliverAsync(Event, signature: "t=1,v1=00")).ShouldBe(HttpStatusCode.Unauthorized);
        (await DeliverAsync(Event, signature: $"t={Clock.GetUtcNow().ToUnixTimeSeconds()},v1=")).ShouldBe(HttpStatusCode.Unauthorized);
        (await DeliverAsync(Event, tamper: true)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData(-301)]
    [InlineData(301)]
    public async Task An_event_signed_five_minutes_ago_or_ahead_is_refused(int seconds) =>
        (await DeliverAsync(Event, at: Clock.GetUtcNow().AddSeconds(seconds))).ShouldBe(HttpStatusCode.Unauthorized);

    [Fact]
    public async Task One_of_several_signatures_is_enough()
    {
        var body = Body(Event, "p");
        (await DeliverAsync(Event, payment: "p", signature: Sign(body, ProviderProcess.WebhookSecret, Clock.GetUtcNow()) + ",v1=0000,v0=ffff")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_is_signed_but_no_event_is_refused()
    {
        var body = "{}"u8.ToArray();
        (await PostAsync(body, Sign(body, ProviderProcess.WebhookSecret, Clock.GetUtcNow()))).ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_event_wakes_its_payment_and_only_once_however_often_it_comes()
    {
        // Away: the payment waits, longer with each try. Only a word from the provider makes it look earlier.
        await Provider.KillAsync();
        await TellAsync(Capture());
        await Eventually.HoldsAsync(async () => await TaskAsync("attempts") >= 6, "some tries failed", TimeSpan.FromSeconds(40));

        var before = await TaskAsync("nudges");
        (await DeliverAsync(Event, payment: Id)).ShouldBe(HttpStatusCode.OK);
        (await TaskAsync("nudges")).ShouldBe(before + 1);
        (await DeliverAsync(Event, payment: Id)).ShouldBe(HttpStatusCode.OK);
        (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => DeliverAsync(Event + "b", payment: Id)))).ShouldAllBe(status => status == HttpStatusCode.OK);
        (await TaskAsync("nudges")).ShouldBe(before + 2, "one for each event");
        await Provider.StartAgainAsync();
    }

    [Fact]
    public async Task An_event_that_lies_about_money_changes_nothing()
    {
        await TellAsync(Capture("tok_declined"));
        await DeclineHeardAsync();
        (await DeliverAsync(Event, payment: Id, type: "payment_intent.succeeded")).ShouldBe(HttpStatusCode.OK);

        using var answer = await Bench.Service.As("ada").GetAsync($"/api/v1/payments/{Id}");
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("status").GetString().ShouldBe("declined");
        Bus.All<PaymentCaptured>().ShouldNotContain(m => m.OrderId == Order);
    }

    [Fact]
    public async Task An_event_of_a_payment_that_is_none_of_ours_is_accepted_and_forgotten() =>
        (await DeliverAsync(Event, payment: "4242424242424242")).ShouldBe(HttpStatusCode.OK);

    private async Task<HttpStatusCode> DeliverAsync(
        string id, string payment = "p", string type = "payment_intent.succeeded", string? secret = null, string? signature = null, DateTimeOffset? at = null, bool tamper = false)
    {
        var body = Body(id, payment, type);
        signature ??= Sign(body, secret ?? ProviderProcess.WebhookSecret, at ?? Clock.GetUtcNow());
        return await PostAsync(tamper ? [.. body, (byte)' '] : body, signature);
    }

    private async Task<HttpStatusCode> PostAsync(byte[] body, string signature)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/stripe") { Content = content };
        request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        using var answer = await Bench.Service.Anonymous.SendAsync(request);
        return answer.StatusCode;
    }

    private static byte[] Body(string id, string payment, string type = "payment_intent.succeeded") => JsonSerializer.SerializeToUtf8Bytes(new
    {
        id,
        type,
        data = new { @object = new { id = "pi_1", status = "succeeded", amount_received = 999_999, metadata = new { payment_id = payment } } },
    });

    private static string Sign(byte[] body, string secret, DateTimeOffset at)
    {
        var seconds = at.ToUnixTimeSeconds();
        var signed = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.UTF8.GetBytes($"{seconds}."), .. body]);
        return $"t={seconds},v1={Convert.ToHexStringLower(signed)}";
    }

    private async Task<long> TaskAsync(string column)
    {
        await using var database = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(Bench.Service.DataFolder, "payment-service.db")};Mode=ReadOnly;Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = $"select {column} from provider_task where payment = '{Id}'";
        return await command.ExecuteScalarAsync() is long value ? value : -1;
    }
}
