using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Tests.Http;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Telemetry;

public sealed class MetricsEndpointTests
{
    private const string Prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    [Fact]
    public async Task Requests_are_counted_by_method_pattern_and_status_never_by_path()
    {
        await using var host = await ProcessHost.StartAsync(Map);
        for (var i = 0; i < 3; i++)
        {
            using var found = await host.Client.GetAsync($"/things/{i}");
        }

        using var odd = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod("BREW"), "/nowhere/at/all"));
        using var bug = await host.Client.GetAsync("/bug");

        var samples = Samples(await ScrapeAsync(host.Client), "service_requests");

        samples.ShouldContain(sample => Is(sample, "GET", "/things/{id}", "200") && sample.Value == 3);
        samples.ShouldContain(sample => Is(sample, "_OTHER", "(no route)", "404") && sample.Value == 1);
        samples.ShouldContain(sample => Is(sample, "GET", "/bug", "500") && sample.Value == 1);
        samples.SelectMany(sample => sample.Labels).ShouldNotContain(label => label.Value.StartsWith("/things/0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Durations_connections_runtime_and_server_are_there_and_the_target_is_named()
    {
        await using var host = await ProcessHost.StartAsync(Map);
        using var found = await host.Client.GetAsync("/things/1");

        var families = await ScrapeAsync(host.Client);

        Samples(families, "service_request_duration_seconds").ShouldContain(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)
            && sample.Value >= 1 && sample.Labels.Any(label => label.Name == "endpoint" && label.Value == "/things/{id}"));
        Samples(families, "service_active_connections").ShouldHaveSingleItem().Value.ShouldBeGreaterThanOrEqualTo(1);
        Samples(families, "kestrel_active_connections").ShouldNotBeEmpty();
        Samples(families, "dotnet_process_memory_working_set_bytes").ShouldHaveSingleItem().Value.ShouldBeGreaterThan(1_000_000);
        Samples(families, "http_server_request_duration_seconds").ShouldNotBeEmpty();
        Samples(families, "target").ShouldHaveSingleItem().Labels.ShouldContain(label => label.Name == "service_name" && label.Value == "tested");
    }

    [Theory]
    [InlineData(null, "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("*/*", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/json", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData(Prometheus, "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores")]
    [InlineData("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.1", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=9.9.9", "text/plain; version=0.0.4; charset=utf-8")]
    public async Task The_format_is_what_the_scraper_prefers_and_text_for_everybody_else(string? accept, string type)
    {
        await using var host = await ProcessHost.StartAsync(Map);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var answer = await host.Client.SendAsync(request);

        answer.Content.Headers.ContentType!.ToString().ShouldBe(type);
        PrometheusReader.Read(await answer.Content.ReadAsStringAsync(), type.StartsWith("application/", StringComparison.Ordinal)).Count.ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task Gzip_is_used_where_it_is_taken()
    {
        await using var host = await ProcessHost.StartAsync(Map);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));

        using var answer = await host.Client.SendAsync(request);

        answer.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
        await using var unzipped = new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(unzipped);
        PrometheusReader.Read(await reader.ReadToEndAsync(), openMetrics: false).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_port_of_their_own_is_the_only_place_for_metrics_and_metrics_the_only_thing_there()
    {
        var port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(ServiceBench.DllOf("Probe"), new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["METRICS_PORT"] = $"{port}",
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
        });
        await process.ReadyAsync();

        (await process.Http.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await process.Http.GetAsync(new Uri($"http://127.0.0.1:{port}/metrics"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await process.Http.GetAsync(new Uri($"http://127.0.0.1:{port}/ready"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/things/{id}", (string id) => Results.Ok(id));
        app.MapGet("/bug", string () => throw new InvalidOperationException("a bug"));
    }

    private static async Task<IReadOnlyList<ReadFamily>> ScrapeAsync(HttpClient client)
    {
        using var answer = await client.GetAsync("/metrics");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return PrometheusReader.Read(await answer.Content.ReadAsStringAsync(), openMetrics: false);
    }

    private static List<ReadSample> Samples(IReadOnlyList<ReadFamily> families, string name) =>
        families.SingleOrDefault(family => family.Name == name || family.Name == $"{name}_total" || family.Name == $"{name}_info")?.Samples ?? [];

    private static bool Is(ReadSample sample, string method, string endpoint, string status) =>
        sample.Labels.Select(label => (label.Name, label.Value)).ToHashSet().SetEquals([("method", method), ("endpoint", endpoint), ("status", status)]);
}
