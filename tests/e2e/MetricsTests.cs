using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>What a fleet shows of itself, judged by Prometheus's own programs.</summary>
[Trait("on", "embedded")]
public sealed partial class MetricsTests(Fleet fleet)
{
    private const int LintRemarks = 3;

    // Counted from the first time on that it happens, and nothing here fails five times in a row.
    private const string OnlyInTrouble = "argosy_breaker_transitions_total";

    // Gauges of the runtime whose names end in a suffix that promtool wants for histograms alone.
    private static readonly string[] Known =
    [
        .. new[] { "dotnet_assembly_count", "dotnet_process_cpu_count", "dotnet_thread_pool_thread_count", "dotnet_timer_count" }
            .Select(name => $"{name} non-histogram and non-summary metrics should not have \"_count\" suffix"),
    ];

    [Fact]
    public async Task Promtool_has_nothing_to_say_about_any_process()
    {
        var promtool = await DebianTools.RequireAsync("promtool", "prometheus");
        await OrderAsync();
        foreach (var service in fleet.Processes)
        {
            var file = Path.GetTempFileName();
            await File.WriteAllTextAsync(file, await ScrapeAsync(service));

            var checkedBy = await Launcher.BashAsync(TimeSpan.FromSeconds(30), $"'{promtool}' check metrics < '{file}' || exit $?");

            File.Delete(file);
            var remarks = checkedBy.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Except(Known, StringComparer.Ordinal);
            remarks.ShouldBeEmpty(service);
            checkedBy.ExitCode.ShouldBeOneOf(0, LintRemarks);
        }
    }

    [Fact]
    public async Task Promtool_reads_the_configuration_and_the_alarms_that_containers_run_with()
    {
        var promtool = await DebianTools.RequireAsync("promtool", "prometheus");

        var read = await Launcher.BashAsync(TimeSpan.FromSeconds(30), $"'{promtool}' check config '{Path.Combine(Launcher.Root, "monitoring", "prometheus", "prometheus.yml")}'");

        read.ExitCode.ShouldBe(0, read.ToString());
        read.Output.ShouldContain("8 rules found");
    }

    [Fact]
    public async Task A_real_Prometheus_finds_every_process_up_and_counts_its_requests()
    {
        var program = await DebianTools.RequireAsync("prometheus", "prometheus");
        await OrderAsync();
        await using var prometheus = await PrometheusServer.StartAsync(program, fleet.Processes.ToDictionary(name => name, fleet.AddressOf, StringComparer.Ordinal));

        await EverywhereAsync(prometheus, "up == 1");
        await EverywhereAsync(prometheus, "sum by (job) (service_requests_total) > 0");
        await EverywhereAsync(prometheus, "sum by (job) (dotnet_process_memory_working_set_bytes) > 0");
        var ended = await prometheus.QueryAsync("sum by (job) (argosy_sagas_ended_total)");
        ended.ShouldNotBeNull().Keys.ShouldBe(["order-service"]);

        // Routes times methods times answers, in histograms: some 4,300 where the fuzzer has been before us. What clients make up adds none.
        (await prometheus.QueryAsync("sum by (job) (scrape_samples_scraped)")).ShouldNotBeNull().Values.ShouldAllBe(samples => samples < 8000);
    }

    [Fact]
    public async Task A_real_Prometheus_has_what_every_panel_and_every_alarm_asks_for()
    {
        var program = await DebianTools.RequireAsync("prometheus", "prometheus");
        await OrderAsync();
        await using var prometheus = await PrometheusServer.StartAsync(program, fleet.Processes.ToDictionary(name => name, fleet.AddressOf, StringComparer.Ordinal));
        var (panels, alarms) = (Panels(), Alarms());
        panels.Count.ShouldBeGreaterThan(10);
        alarms.Count.ShouldBeGreaterThan(6);

        foreach (var expression in panels.Concat(alarms).Where(expression => !expression.Contains(OnlyInTrouble, StringComparison.Ordinal)))
        {
            await Eventually.HoldsAsync(async () => await prometheus.CountAsync(expression) > 0, $"something is shown of {expression}", TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task The_gateway_shows_its_own_metrics_and_leads_to_no_others()
    {
        var own = await ScrapeAsync("gateway");
        own.ShouldContain("target_info{service_name=\"gateway\"");

        foreach (var path in new[] { "/api/v1/orders/../../../metrics", "/api/orders/..%2f..%2fmetrics", "/order-service/metrics" })
        {
            using var answer = await fleet.Admin.GetAsync(new Uri(fleet.AddressOf("gateway"), path));
            answer.StatusCode.ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.OK);
            (await answer.Content.ReadAsStringAsync()).ShouldNotContain("order-service\",service_namespace");
        }
    }

    // Without the values that nothing has while all is well; that the label is there is asked all the same.
    private static List<string> Panels()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Launcher.Root, "monitoring", "grafana", "dashboards", "argosy.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => Trouble().Replace(target.GetProperty("expr").GetString()!.Replace(" or vector(0)", "", StringComparison.Ordinal), "$1!=\"\""))];
    }

    private static List<string> Alarms() =>
        [.. AlarmExpression().Matches(File.ReadAllText(Path.Combine(Launcher.Root, "monitoring", "prometheus", "alerts.yml")))
            .Select(match => Trouble().Replace(match.Groups[1].Value, "$1!=\"\""))];

    [GeneratedRegex(@"(status|argosy_commit_outcome)=~?""(?:5\.\.|conflict)""")]
    private static partial Regex Trouble();

    [GeneratedRegex(@"^\s+expr: (.+) (?:>|==) [0-9.]+$", RegexOptions.Multiline)]
    private static partial Regex AlarmExpression();

    // Something of everything: a request at each end, commands and replies between them, a saga that ends.
    private async Task OrderAsync()
    {
        var customer = await fleet.CustomerAsync();
        var id = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await customer.BecomesAsync(id, "confirmed");
    }

    private async Task<string> ScrapeAsync(string service) => await fleet.Gateway.GetStringAsync(new Uri(fleet.AddressOf(service), "/metrics"));

    private async Task EverywhereAsync(PrometheusServer prometheus, string expression)
    {
        IReadOnlyDictionary<string, double>? found = null;
        try
        {
            await Eventually.HoldsAsync(
                async () => (found = await prometheus.QueryAsync(expression)) is not null && fleet.Processes.All(found.ContainsKey), expression, TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message} only of {string.Join(", ", found?.Keys ?? [])}\n{prometheus.Said()}", e);
        }
    }
}
