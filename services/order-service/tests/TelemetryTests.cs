using System.Globalization;
using Argosy.Chassis.Messaging;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Orders.Tests;

/// <summary>What the real process says about itself to a collector, and to a scraper.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private const int Server = 2;
    private const int Client = 3;
    private const int Producer = 4;
    private const int Consumer = 5;
    private const string Sku = "tea";

    private OtlpReceiver _collector = null!;
    private ServiceBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _collector = await OtlpReceiver.StartAsync();
        _bench = await ServiceBench.StartAsync("order-service", "OrderService", new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _collector.Address.ToString(),
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=tested",
        });
        await _bench.SendAsync("inventory-service", new ItemPriced { Sku = Sku, Name = "Tea", Price = new Money { Amount = 1250, Currency = "EUR" } });
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        await _collector.DisposeAsync();
    }

    [Fact]
    public async Task One_trace_joins_the_request_its_commit_the_messages_and_what_their_answers_set_off()
    {
        await ReserveAsync();
        string[] names = ["POST /api/v1/orders/", "publish argosy.inventory.v1.ReserveStock", "process argosy.inventory.v1.StockReserved", "publish argosy.payment.v1.CapturePayment"];
        await Eventually.HoldsAsync(() => names.All(name => Spans(name).Length > 0), $"spans of {string.Join(", ", names)}");

        var request = Spans(names[0]).ShouldHaveSingleItem();
        request.Kind.ShouldBe(Server);
        request.ParentId.ShouldBeEmpty();
        request.Tags["http.route"].ShouldBe("/api/v1/orders/");
        request.Tags["http.response.status_code"].ShouldBe("202");
        request.Tags["url.path"].ShouldBe("/api/v1/orders");
        var trace = _collector.Spans.Where(span => span.TraceId == request.TraceId).ToArray();
        names.ShouldAllBe(name => trace.Any(span => span.Name == name));
        trace.ShouldContain(span => span.Name == "commit" && span.Kind == Client && span.ParentId == request.SpanId && span.Tags["db.system.name"] == "sqlite");
        trace.ShouldContain(span => span.Kind == Client && span.Tags.GetValueOrDefault("db.query.text", "").StartsWith("select", StringComparison.Ordinal));
        trace.ShouldContain(span => span.Name == "saga checkout" && span.Tags["argosy.saga.state"] == "running");
        var published = trace.First(span => span.Name == names[1]);
        (published.Kind, published.ParentId).ShouldBe((Producer, request.SpanId));
        published.Tags["messaging.message.conversation_id"].ShouldNotBeEmpty();
        var processed = trace.First(span => span.Name == names[2]);
        (processed.Kind, processed.ParentId, processed.Tags["messaging.operation.type"]).ShouldBe((Consumer, published.SpanId, "process"));
        trace.Where(span => span.ParentId.Length > 0).ShouldAllBe(span => trace.Any(parent => parent.SpanId == span.ParentId));
        trace.ShouldAllBe(span => span.Service == "order-service");
    }

    [Fact]
    public async Task Metrics_and_logs_arrive_too_with_what_the_environment_says_of_the_resource()
    {
        await ReserveAsync();

        await Eventually.HoldsAsync(
            () => _collector.Has("metrics", "service.request.duration") && _collector.Has("metrics", "argosy.commit.group.size") && _collector.Has("metrics", "deployment.environment.name"),
            "metrics are exported");
        await Eventually.HoldsAsync(() => _collector.Has("logs", "argosy.inventory.v1.StockReserved"), "the line of a handled message is exported");
    }

    [Fact]
    public async Task What_goes_up_and_down_is_exported_as_such_whatever_the_runtime_calls_it()
    {
        string[] names = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length", "dotnet.thread_pool.work_item.count"];
        await Eventually.HoldsAsync(() => names.All(name => _collector.Has("metrics", name)), "the thread pool is exported");

        var pool = _collector.Metrics.Where(metric => names.Contains(metric.Name)).OrderBy(metric => Array.IndexOf(names, metric.Name));
        pool.Select(metric => (metric.Scope, metric.Kind)).ShouldBe([("System.Runtime", "sum"), ("System.Runtime", "sum"), ("System.Runtime", "counter")]);
        var page = await _bench.Anonymous.GetStringAsync("/metrics");
        var threads = page.Split('\n').Single(line => line.StartsWith("dotnet_thread_pool_thread_count ", StringComparison.Ordinal)).Split(' ')[1];
        int.Parse(threads, CultureInfo.InvariantCulture).ShouldBeInRange(1, System.Diagnostics.Process.GetProcessById(_bench.Process.Id).Threads.Count, "counted once");
    }

    [Fact]
    public async Task Exporting_polls_and_batches_of_the_bus_leave_no_spans_and_no_calls_behind()
    {
        await ReserveAsync();
        await Eventually.HoldsAsync(() => _collector.Has("traces", "process argosy.inventory.v1.StockReserved"), "spans are exported");
        using var ready = await _bench.Anonymous.GetAsync("/ready");
        var metrics = await _bench.Anonymous.GetStringAsync("/metrics");
        await ReserveAsync();
        var before = _collector.Spans.Count;
        await Eventually.HoldsAsync(() => _collector.Spans.Count > before, "more spans are exported");

        metrics.ShouldNotContain($"server_port=\"{_collector.Address.Port.ToString(CultureInfo.InvariantCulture)}\"", Case.Sensitive);
        _collector.Spans.ShouldAllBe(span => span.Tags.GetValueOrDefault("server.port") != $"{_collector.Address.Port}");
        _collector.Spans.Select(span => span.Tags.GetValueOrDefault("url.path")).Intersect(["/ready", "/metrics", "/bus/v1", "/health"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_backlog_of_subscribers_parked_messages_and_open_sagas_is_on_the_page()
    {
        await Eventually.HoldsAsync(async () => (await _bench.Anonymous.GetStringAsync("/metrics")).Contains("argosy_sagas_open{argosy_saga_state=\"stuck\",argosy_saga_type=\"checkout\"} 0\n", StringComparison.Ordinal), "nothing is stuck");
        _bench.Bus.Listens = false;
        using var placed = await CheckoutBench.PlaceAsync(_bench.As("ada"), CheckoutBench.Body());
        placed.EnsureSuccessStatusCode();

        await Eventually.HoldsAsync(
            async () =>
            {
                var page = await _bench.Anonymous.GetStringAsync("/metrics");
                return page.Contains("argosy_bus_outbox_messages{argosy_bus_subscriber=\"inventory-service\"} 1\n", StringComparison.Ordinal)
                    && page.Contains("argosy_sagas_open{argosy_saga_state=\"running\",argosy_saga_type=\"checkout\"} 1\n", StringComparison.Ordinal)
                    && page.Contains("argosy_bus_parked_messages{argosy_bus_state=\"dead\"} 0\n", StringComparison.Ordinal)
                    && page.Contains("argosy_bus_outbox_lag_seconds{argosy_bus_subscriber=\"inventory-service\"}", StringComparison.Ordinal);
            },
            "what inventory-service does not take is counted, and the saga that waits for it");
    }

    private ReceivedSpan[] Spans(string name) => [.. _collector.Spans.Where(span => span.Name == name)];

    // An order's first step, answered as inventory-service would: its work hangs below the span that published the command.
    private async Task ReserveAsync()
    {
        using var answer = await CheckoutBench.PlaceAsync(_bench.As("ada"), CheckoutBench.Body());
        ((int)answer.StatusCode).ShouldBe(202, await answer.Content.ReadAsStringAsync());
        var id = answer.Headers.Location!.ToString().Split('/')[^1];
        Envelope? command = null;
        await Eventually.HoldsAsync(
            () => (command = _bench.Bus.Heard.Select(heard => heard.Envelope).LastOrDefault(e => e.Type == "argosy.inventory.v1.ReserveStock" && e.Key == id)) is not null,
            "stock is asked for");
        await _bench.SendAsync("inventory-service", new StockReserved { OrderId = id }, headers: command!.Headers with { Undoes = null });
    }
}

/// <summary>The same process without a collector.</summary>
public sealed class NoTelemetryTests : CheckoutBench
{
    [Fact]
    public async Task Where_no_collector_is_named_nothing_of_OpenTelemetry_is_loaded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells what a process has loaded.");
        await PlacedAsync();

        var loaded = await File.ReadAllTextAsync($"/proc/{Bench.Process.Id}/maps");

        loaded.ShouldContain("Argosy.Chassis.Hosting.dll");
        loaded.ShouldNotContain("OpenTelemetry");
    }
}
