using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Argosy.Testing;

namespace Argosy.E2E;

/// <summary>A real Prometheus that scrapes the given processes every second, with its data in a folder of its own.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(10);

    private readonly string _folder;
    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly HttpClient _http;

    private PrometheusServer(string folder, Process process, int port)
    {
        (_folder, _process) = (folder, process);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(10) };
    }

    public static async Task<PrometheusServer> StartAsync(string program, IReadOnlyDictionary<string, Uri> targets)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-prometheus-").FullName;
        var file = Path.Combine(folder, "prometheus.yml");
        var jobs = targets.Select(target => $"  - {{ job_name: {target.Key}, static_configs: [ {{ targets: ['{target.Value.Authority}'] }} ] }}");
        await File.WriteAllTextAsync(file, $"global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n{string.Join('\n', jobs)}\n");
        var port = ServiceProcess.FreePort();
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, [$"--config.file={file}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        var server = new PrometheusServer(folder, process, port);
        process.ErrorDataReceived += server.Keep;
        process.OutputDataReceived += server.Keep;
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return server;
    }

    /// <summary>The value of each series that an expression gives, by its label <c>job</c>; null while Prometheus does not answer.</summary>
    public async Task<IReadOnlyDictionary<string, double>?> QueryAsync(string expression) => (await AskAsync(expression))?.ToDictionary(
        series => series.GetProperty("metric").GetProperty("job").GetString()!, series => double.Parse(series.GetProperty("value")[1].GetString()!), StringComparer.Ordinal);

    /// <summary>How many series an expression gives; 0 also while Prometheus does not answer.</summary>
    public async Task<int> CountAsync(string expression) => (await AskAsync(expression))?.Count ?? 0;

    public string Said()
    {
        lock (_said)
        {
            return _said.ToString();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            using var deadline = new CancellationTokenSource(StopWithin);
            await _process.WaitForExitAsync(deadline.Token);
        }

        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IReadOnlyList<JsonElement>?> AskAsync(string expression)
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"Prometheus ended with {_process.ExitCode}:\n{Said()}");
        }

        try
        {
            var answer = await _http.GetFromJsonAsync<JsonElement>($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
            return [.. answer.GetProperty("data").GetProperty("result").EnumerateArray()];
        }
        catch (HttpRequestException)
        {
            return null;    // not listening yet
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_said)
        {
            _said.AppendLine(line.Data);
        }
    }
}
