using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Argosy.Cli;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>A Prometheus of the run's own, which scrapes every process of a fleet once a second. It ends with this process, however that ends.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private const string Program = "prometheus";
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;
    private readonly string _log;
    private readonly Task _logging;
    private readonly HttpClient _http;

    private Prometheus(Process process, string log, Task logging, int port)
    {
        (_process, _log, _logging) = (process, log, logging);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The program, on the PATH or where the tests have unpacked it.</summary>
    public static string Find(Repository repository) =>
        ForeignProgram.Find(Program, Path.Combine(repository.Root, "artifacts", "debian", Program, "usr", "bin"))
            ?? throw new Refusal($"a promProbe needs {Program}, which isn't on the PATH; to have it: apt-get install {Program}");

    public static async Task<Prometheus> StartAsync(string program, LabFleet fleet, CancellationToken ct)
    {
        var folder = Path.Combine(fleet.Data.Root, Program);
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, "prometheus.yml");
        List<string> jobs = [.. fleet.Plans.Where(plan => !plan.IsEngine).Select(plan => $"  - {{ job_name: {plan.Name}, static_configs: [ {{ targets: ['127.0.0.1:{plan.Port}'] }} ] }}")];
        await File.WriteAllTextAsync(file, $"global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n{string.Join('\n', jobs)}\n", ct);
        var port = Ports.Free([Program])[Program];
        var command = ForeignProgram.Leashed("TERM", program, $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(folder, "data")}",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), "--log.level=warn");
        var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true })!;
        var log = Path.Combine(folder, "prometheus.log");
        var server = new Prometheus(process, log, KeepAsync(process, log), port);
        try
        {
            await server.ReadyAsync(jobs.Count, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The values of the series that a query gives now; null and why, where it gives none of that kind.</summary>
    public async Task<(IReadOnlyList<string>? Values, string? Error)> AskAsync(string query, CancellationToken ct)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), ct);
            if (answer.Content.Headers.ContentType?.MediaType != "application/json")
            {
                return (null, $"Prometheus answers {(int)answer.StatusCode}: {(await answer.Content.ReadAsStringAsync(ct)).Trim()}");     // while it starts
            }

            var said = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
            if (!answer.IsSuccessStatusCode)
            {
                return (null, said.GetProperty("error").GetString());
            }

            var data = said.GetProperty("data");
            return data.GetProperty("resultType").GetString() switch
            {
                "vector" => ([.. data.GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)], null),
                "scalar" => ([data.GetProperty("result")[1].GetString()!], null),
                var other => (null, $"the query gives a {other}, and no value"),
            };
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return (null, $"Prometheus doesn't answer: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();      // by which its leash ends it
        try
        {
            await _process.WaitForExitAsync().WaitAsync(EndsWithin);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _logging;
        _process.Dispose();
        _http.Dispose();
    }

    // Ready is who has scraped everybody once: before that, every query has no value.
    private async Task ReadyAsync(int processes, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(ReadyWithin);
        try
        {
            while (await AskAsync("count(up == 1)", deadline.Token) is not { Values: [var up] } || up != processes.ToString(CultureInfo.InvariantCulture))
            {
                await Task.Delay(Pause, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new Refusal($"Prometheus hasn't scraped every process within {ReadyWithin.TotalSeconds:0} s; its last words: {(File.Exists(_log) ? File.ReadLines(_log).LastOrDefault() : null) ?? "none"}");
        }
    }

    private static async Task KeepAsync(Process process, string file)
    {
        await using var log = new StreamWriter(file) { AutoFlush = true };
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
        }
    }
}
