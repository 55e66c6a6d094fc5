using System.Net;

namespace Argosy.PaymentProvider.Tests;

public sealed class MetricsTests : IAsyncLifetime
{
    private ProviderProcess _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await ProviderProcess.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task Requests_are_counted_and_timed_by_route_and_status()
    {
        await _provider.ConfirmAsync(await _provider.IntentAsync(), "a");
        await _provider.ConfirmAsync(await _provider.IntentAsync("tok_declined"), "b");
        (await _provider.Http.GetAsync("/nowhere/at-all")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var scraped = await ScrapeAsync();

        const string Confirm = "endpoint=\"/v1/payment_intents/{id}/confirm\",method=\"POST\"";
        scraped.ShouldContain($"service_requests_total{{{Confirm},status=\"200\"}} 1");
        scraped.ShouldContain($"service_requests_total{{{Confirm},status=\"402\"}} 1");
        scraped.ShouldContain("service_requests_total{endpoint=\"(no route)\",method=\"GET\",status=\"404\"} 1");
        scraped.ShouldContain($"service_request_duration_seconds_bucket{{{Confirm},le=\"+Inf\"}} 2");
        scraped.ShouldContain($"service_request_duration_seconds_count{{{Confirm}}} 2");
        scraped.ShouldContain(line => line.StartsWith("service_active_connections ") && !line.EndsWith(" 0"));
    }

    [Fact]
    public async Task A_caller_who_is_left_without_an_answer_counts_as_one()
    {
        var intent = await _provider.IntentAsync("tok_timeout");
        using var patience = new CancellationTokenSource();
        var confirmed = _provider.Http.PostAsync($"/v1/payment_intents/{intent}/confirm", null, patience.Token);
        await ComesAsync(async () => (await _provider.LedgerAsync()).Count == 1);

        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(confirmed);

        await ComesAsync(async () => (await ScrapeAsync()).Contains(
            "service_requests_total{endpoint=\"/v1/payment_intents/{id}/confirm\",method=\"POST\",status=\"499\"} 1"));
    }

    private static async Task ComesAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    private async Task<string[]> ScrapeAsync()
    {
        using var answer = await _provider.Http.GetAsync("/metrics");
        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        return (await answer.Content.ReadAsStringAsync()).Split('\n');
    }
}
