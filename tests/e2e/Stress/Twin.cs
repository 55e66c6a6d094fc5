using System.Globalization;
using System.Net;
using Argosy.Testing;

namespace Argosy.E2E.Stress;

/// <summary>The fleet's processes once more, with the same environment but for ports and an empty folder, and nobody who starts or restarts them.</summary>
internal sealed class Twin : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("argosy-twin-").FullName;
    private readonly Dictionary<string, (string Dll, Dictionary<string, string> Environment)> _plans = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceProcess> _running = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => _plans.Keys;

    public static async Task<Twin> PrepareAsync(Fleet fleet)
    {
        var twin = new Twin();
        var ports = fleet.Services.ToDictionary(name => $"{fleet.AddressOf(name).Port}", _ => $"{ServiceProcess.FreePort()}");
        foreach (var name in fleet.Services)
        {
            var pid = fleet.PidOf(name)!.Value;
            var dll = (await ReadAsync(pid, "cmdline")).Last(argument => argument.EndsWith(".dll", StringComparison.Ordinal));
            var environment = (await ReadAsync(pid, "environ")).Select(variable => variable.Split('=', 2)).Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => Moved(pair[1]), StringComparer.Ordinal);
            twin._plans.Add(name, (dll, environment));
        }

        // The keys that a launcher makes before anybody starts.
        var copied = await Launcher.BashAsync(TimeSpan.FromSeconds(10), $"cp -a '{fleet.Data}/keys' '{twin._data}/'");
        return copied.ExitCode == 0 ? twin : throw new InvalidOperationException($"The keys cannot be copied: {copied}");

        string Moved(string value)
        {
            value = value.Replace(fleet.Data, twin._data, StringComparison.Ordinal);
            if (ports.TryGetValue(value, out var own))
            {
                return own;
            }

            return ports.Aggregate(value, (text, port) => text.Replace($"127.0.0.1:{port.Key}", $"127.0.0.1:{port.Value}", StringComparison.Ordinal));
        }
    }

    /// <summary>Starts it, and waits until it answers that it lives.</summary>
    public async Task StartAsync(string name)
    {
        var (dll, environment) = _plans[name];
        Directory.CreateDirectory(environment["DATA_DIR"]);
        var process = _running[name] = ServiceProcess.Start(dll, environment);
        await Eventually.HoldsAsync(async () => await AskAsync(process, "/health"), $"{name} is alive: {string.Join('\n', process.Errors)}", TimeSpan.FromSeconds(60));
    }

    /// <summary>All are ready, and none has ended meanwhile.</summary>
    public async Task ReadyAsync(TimeSpan within)
    {
        foreach (var (name, process) in _running)
        {
            await Eventually.HoldsAsync(async () => await AskAsync(process, "/ready"), $"{name} is ready: {string.Join('\n', process.Errors)}", within);
        }
    }

    public HttpClient Client(string name) => new() { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_plans[name].Environment["SERVICE_PORT"]}")) };

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running.Values)
        {
            await process.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    private static async Task<bool> AskAsync(ServiceProcess process, string path)
    {
        try
        {
            using var answer = await process.Http.GetAsync(path);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<string[]> ReadAsync(int pid, string file) => (await File.ReadAllTextAsync($"/proc/{pid}/{file}")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
