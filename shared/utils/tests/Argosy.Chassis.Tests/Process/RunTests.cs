using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Process;

/// <summary>The probe, a process of Argosy with nothing in it, from start to exit code.</summary>
public sealed class RunTests
{
    private static readonly string Probe = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Probe", "release", "Probe.dll"));

    [Fact]
    public async Task It_starts_answers_and_ends_with_0_at_SIGTERM()
    {
        await using var probe = await Start().ReadyAsync();
        (await probe.Http.GetStringAsync("/health")).ShouldBe("""{"status":"alive","service":"probe","version":"9.9"}""");
        probe.Terminate();
        (await probe.ExitAsync()).ShouldBe(0);
        probe.Errors.ShouldBeEmpty();
        probe.Output.ShouldAllBe(line => JsonDocument.Parse(line, default).RootElement.GetProperty("service").GetString() == "probe");
        probe.Output.ShouldContain(line => line.Contains("Stopping because of SIGTERM"));
    }

    [Fact]
    public async Task The_program_asks_itself_whether_it_is_alive()
    {
        await using var probe = await Start().ReadyAsync();
        var port = $"{probe.Http.BaseAddress!.Port}";
        (await HealthAsync(port)).ShouldBe(0);
        probe.Terminate();
        await probe.ExitAsync();
        (await HealthAsync(port)).ShouldBe(1);
    }

    [Fact]
    public async Task Whoever_listens_and_says_nothing_is_not_alive()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        (await HealthAsync($"{((IPEndPoint)silent.LocalEndpoint).Port}")).ShouldBe(1);
    }

    [Fact]
    public async Task What_is_under_way_is_finished_before_it_ends()
    {
        await using var probe = await Start().ReadyAsync();
        var slow = probe.Http.GetStringAsync("/slow?ms=1500");
        var stream = await probe.Http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead);
        probe.Terminate();
        (await slow).ShouldBe("done");
        (await stream.Content.ReadAsStringAsync()).ShouldBe("data: begun\n\n");
        (await probe.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Outside_of_a_laptop_it_is_not_ready_for_a_while_before_it_stops()
    {
        await using var probe = await Start(("ARGOSY_PROFILE", "production")).ReadyAsync();
        probe.Terminate();
        await Eventually.HoldsAsync(async () => (await probe.Http.GetAsync("/ready")).StatusCode == HttpStatusCode.ServiceUnavailable, "it says it is draining");
        (await probe.Http.GetStringAsync("/slow?ms=1")).ShouldBe("done");
        (await probe.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        await using var probe = await Start(("ARGOSY_PROFILE", "production")).ReadyAsync();
        probe.Terminate();
        await Eventually.HoldsAsync(() => probe.Output.Any(l => l.Contains("Stopping because")), "it has heard the first one");
        probe.Terminate();
        (await probe.ExitAsync(TimeSpan.FromSeconds(4))).ShouldBe(143);
    }

    [Fact]
    public async Task It_does_not_outlive_whoever_holds_its_input()
    {
        await using var probe = await Start(("ARGOSY_EXIT_WITH_STDIN", "1")).ReadyAsync();
        probe.CloseInput();
        (await probe.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Under_a_launcher_ctrl_c_is_for_the_launcher()
    {
        await using var probe = await Start(("ARGOSY_EXIT_WITH_STDIN", "1")).ReadyAsync();
        probe.Interrupt();
        (await probe.Http.GetStringAsync("/slow?ms=300")).ShouldBe("done");
        probe.Output.ShouldNotContain(line => line.Contains("Stopping"));
        probe.Terminate();
        (await probe.ExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Without_being_told_so_it_does_not_care_about_its_input()
    {
        await using var probe = await Start().ReadyAsync();
        probe.CloseInput();
        (await probe.Http.GetStringAsync("/slow?ms=300")).ShouldBe("done");
    }

    [Fact]
    public async Task Bad_configuration_is_one_line_for_each_error_and_78()
    {
        await using var probe = Start(("SERVICE_PORT", "http"), ("DATABASE_URL", "postgresql://me:secret@db"));
        (await probe.ExitAsync()).ShouldBe(78);
        probe.Errors.ShouldBe([
            "argosy: probe: SERVICE_PORT is 'http', and must be a number from 0 to 65535.",
            "argosy: probe: DATABASE_URL needs a user, a host and a database: postgresql://USER:PASSWORD@HOST:5432/DATABASE; characters such as @, / and # in a password are written as %40, %2F and %23.",
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var probe = Start(("SERVICE_PORT", $"{port}"));
        (await probe.ExitAsync()).ShouldBe(78);
        probe.Errors.ShouldBe([$"argosy: probe: SERVICE_PORT is {port}, and another process listens there already: stop it, or choose another port."]);
    }

    [Fact]
    public async Task A_worker_that_dies_ends_the_process_and_not_with_0()
    {
        await using var probe = Start(("PROBE_WORKER_DIES", "1"));
        (await probe.ExitAsync()).ShouldBe(1);
        probe.Output.ShouldContain(line => line.Contains("The worker dies."));
    }

    [Fact]
    public async Task What_is_missing_shows_at_ready_by_name()
    {
        await using var probe = Start(("PROBE_FAULT", "no probing today"));
        await Eventually.HoldsAsync(() => probe.Output.Any(l => l.Contains("listens on")), "it listens", TimeSpan.FromSeconds(30));
        var answer = await probe.Http.GetAsync("/ready");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("""{"status":"not-ready","service":"probe","checks":{"probe":"no probing today"}}""");
        (await probe.Http.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        probe.Output.ShouldNotContain(line => line.Contains("/ready"));      // whoever polls knows, and nobody else cares
    }

    [Fact]
    public async Task People_get_one_aligned_line_for_each_record_and_the_stack_below_it()
    {
        await using var probe = await Start(("ARGOSY_LOG_FORMAT", "text")).ReadyAsync();
        using var said = await probe.Http.PostAsync("/say", new StringContent("""{"who":"Ada","what":"a\nb\u001b[31m"}""", Encoding.UTF8, "application/json"));
        using var bug = await probe.Http.GetAsync("/bug");
        probe.Terminate();
        (await probe.ExitAsync()).ShouldBe(0);

        probe.Output.ShouldContain(line => Regex.IsMatch(line, @"^\d\d:\d\d:\d\d\.\d{3} info  Program            Ada says a·b·\[31m  trace=[0-9a-f]{32}$"));
        probe.Output.ShouldContain(line => Regex.IsMatch(line, @"^\d\d:\d\d:\d\d\.\d{3} error ProblemPipeline    GET /bug failed  trace=[0-9a-f]{32}$"));
        probe.Output.ShouldContain("             System.InvalidOperationException: the secret of the bug");
        probe.Output.ShouldContain(line => line.StartsWith("                at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Logs_follow_the_request_and_say_nothing_about_its_secrets()
    {
        await using var probe = await Start(("LOG_LEVEL", "debug")).ReadyAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/say?token=canary-1")
        {
            Content = new StringContent("""{"who":"a","what":"b"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Authorization", "Bearer canary-2");
        request.Headers.Add("Cookie", "canary-3");
        request.Headers.Add("X-Correlation-Id", "order-17");
        await probe.Http.SendAsync(request);
        await probe.Http.GetAsync("/bug");
        probe.Terminate();
        await probe.ExitAsync();
        probe.Output.ShouldNotContain(line => line.Contains("canary"));
        var of = probe.Output.Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.TryGetProperty("correlation_id", out var id) && id.GetString() == "order-17").ToList();
        of.Select(l => l.GetProperty("template").GetString()).ShouldContain("{Who} says {What}");
        of.Select(l => l.GetProperty("trace_id").GetString()).Distinct().Count().ShouldBe(1);
        probe.Output.ShouldContain(line => line.Contains("the secret of the bug"), "the log knows what the caller does not");
    }

    private static async Task<int> HealthAsync(string port)
    {
        await using var asking = ServiceProcess.Start(Probe, new Dictionary<string, string>(StringComparer.Ordinal) { ["SERVICE_PORT"] = port }, "--health");
        return await asking.ExitAsync();
    }

    private static ServiceProcess Start(params (string Name, string Value)[] environment)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SERVICE_NAME"] = "probe",
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["SERVICE_VERSION"] = "9.9",
            ["ARGOSY_PROFILE"] = "local",
        };
        foreach (var (name, value) in environment)
        {
            all[name] = value;
        }

        return ServiceProcess.Start(Probe, all);
    }
}
