using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Argosy.Chassis.Postgres;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Argosy.Performance;

/// <summary>A whole fleet on free ports and in a folder of its own.</summary>
internal sealed class FleetUnderTest : IAsyncDisposable
{
    private FleetUnderTest(string data, TimeSpan startedWithin)
    {
        Data = data;
        StartedWithin = startedWithin;
    }

    public string Data { get; }

    /// <summary>From the command to "Ready", the launcher's own start included.</summary>
    public TimeSpan StartedWithin { get; }

    public Uri Gateway => new(State().GetProperty("gateway").GetString()!);

    /// <summary>What the gateway knows load by, which has a limit of its own.</summary>
    public string ClientKey => File.ReadAllText(Path.Combine(Data, "keys", "demo-client-key.txt"));

    public static async Task<FleetUnderTest> StartAsync(string? data, CancellationToken cancellation, params string[] more)
    {
        data ??= Directory.CreateTempSubdirectory("argosy-bench-").FullName;
        var clock = Stopwatch.StartNew();
        await Launcher.RunAsync(cancellation, ["up", "--detach", "--isolated", "--data", data, .. more]);
        return new FleetUnderTest(data, clock.Elapsed);
    }

    public string DatabaseOf(string service) => Path.Combine(Data, "services", service, $"{service}.db");

    /// <summary>A service's database, to be read from: its file, or on the server of which the launcher has written down where it is.</summary>
    public DbConnection Connect(string service)
    {
        var onServer = Path.Combine(Data, "keys", "databases.json");
        if (!File.Exists(onServer))
        {
            return new SqliteConnection($"Data Source={DatabaseOf(service)};Mode=ReadOnly;Pooling=false");
        }

        var url = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(onServer))![service];
        return new NpgsqlConnection(PostgresAddress.Parse(url, out _)!.ConnectionString("bench", connection => connection.MinPoolSize = 0));
    }

    /// <summary>Proportional set size per process, in bytes: shared pages count in parts, so that the sum is the truth (Linux).</summary>
    public IReadOnlyDictionary<string, long> Memory() => Read("smaps_rollup", lines =>
        long.Parse(lines.First(l => l.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024);

    /// <summary>Processor time of each process since it began, in milliseconds (Linux: proc_pid_stat(5), utime and stime, ticks of 10 ms).</summary>
    public IReadOnlyDictionary<string, long> ProcessorTime() => Read("stat", lines =>
    {
        var fields = lines[0][(lines[0].LastIndexOf(')') + 2)..].Split(' ');
        return 10 * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture));
    });

    public async ValueTask StopAsync() => await Launcher.RunAsync(CancellationToken.None, "down", "--data", Data);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Data, recursive: true);
    }

    private Dictionary<string, long> Read(string file, Func<string[], long> parse) => State().GetProperty("processes").EnumerateArray().ToDictionary(
        p => p.GetProperty("name").GetString()!,
        p => parse(File.ReadAllLines($"/proc/{p.GetProperty("pid").GetInt32()}/{file}")),
        StringComparer.Ordinal);

    private JsonElement State() => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(Data, "state.json")));
}
