using System.Net.Http.Headers;
using Argosy.Chassis.Messaging;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace Argosy.Testing;

/// <summary>
/// One service as its own process on its own SQLite file, with everything around it played by the test: callers with tokens of a
/// <see cref="TestIssuer"/>, and the other services as a <see cref="BusPeer"/>.
/// </summary>
public sealed class ServiceBench : IAsyncDisposable
{
    private readonly string _service;
    private readonly string _dll;
    private readonly string _folder;
    private readonly List<HttpClient> _clients = [];
    private readonly int _port = ServiceProcess.FreePort();

    private ServiceBench(string service, string dll, string folder, BusPeer bus)
    {
        _service = service;
        _dll = dll;
        _folder = folder;
        Bus = bus;
        Issuer = new TestIssuer(folder);
        DataFolder = Path.Combine(folder, "data");
    }

    /// <summary>The other services.</summary>
    public BusPeer Bus { get; }

    /// <summary>Who signs access tokens.</summary>
    public TestIssuer Issuer { get; }

    /// <summary>The service's <c>DATA_DIR</c>.</summary>
    public string DataFolder { get; }

    /// <summary>The running process.</summary>
    public ServiceProcess Process { get; private set; } = null!;

    /// <summary>Where it listens; the same over restarts.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}");

    /// <summary>A caller without a token.</summary>
    public HttpClient Anonymous => Process.Http;

    /// <summary>
    /// Starts the service whose project is called <paramref name="project"/> (its output lies beside the test's) and waits until it is ready.
    /// <paramref name="more"/> adds to the environment.
    /// </summary>
    public static async Task<ServiceBench> StartAsync(string service, string project, IReadOnlyDictionary<string, string>? more = null)
    {
        var folder = Directory.CreateTempSubdirectory($"argosy-{service}-").FullName;
        var bench = new ServiceBench(service, DllOf(project), folder, await BusPeer.StartAsync(folder));
        await bench.RunAsync(more);
        return bench;
    }

    /// <summary>The output of a project beside that of the running test: <c>artifacts/bin/PROJECT/CONFIGURATION/PROJECT.dll</c>.</summary>
    public static string DllOf(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, $"{project}.dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException($"{dll} is not built: the test project must refer to {project}.", dll);
    }

    /// <summary>SIGKILL, and the same program again on the same data.</summary>
    public async Task RestartAsync(IReadOnlyDictionary<string, string>? more = null)
    {
        Process.KillNow();
        await Process.ExitAsync();
        await Process.DisposeAsync();
        await RunAsync(more);
    }

    /// <summary>
    /// Another instance beside the first, with a data folder and a port of its own; <paramref name="more"/> names the database that
    /// they share. Not ready yet, and the caller's to end.
    /// </summary>
    public ServiceProcess StartInstance(IReadOnlyDictionary<string, string> more)
    {
        var port = ServiceProcess.FreePort();
        return ServiceProcess.Start(_dll, EnvironmentOf(port, Path.Combine(_folder, $"data-{port}"), more));
    }

    /// <summary>A caller with a token.</summary>
    public HttpClient As(string user, bool admin = false)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Issuer.TokenFor(user, admin));
        _clients.Add(client);
        return client;
    }

    /// <summary>An administrator.</summary>
    public HttpClient AsAdmin() => As("the-admin", admin: true);

    /// <summary>Pushes one message in another service's name and waits until it has had its effect or is parked.</summary>
    public Task SendAsync(string sender, IMessage message, string? id = null, MessageHeaders? headers = null) =>
        Bus.SendAsync(Address, _service, sender, BusPeer.Wrap(sender, message, id, headers));

    /// <summary>Does to the service's database, behind its back, what only time would have done.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var database = new SqliteConnection($"Data Source={Path.Combine(DataFolder, $"{_service}.db")};Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await Process.DisposeAsync();
        await Bus.DisposeAsync();
        Issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(IReadOnlyDictionary<string, string>? more)
    {
        Process = ServiceProcess.Start(_dll, EnvironmentOf(_port, DataFolder, more));
        await Process.ReadyAsync();
    }

    private Dictionary<string, string> EnvironmentOf(int port, string data, IReadOnlyDictionary<string, string>? more)
    {
        var environment = new Dictionary<string, string>(Issuer.Environment, StringComparer.Ordinal)
        {
            ["SERVICE_NAME"] = _service,
            ["SERVICE_PORT"] = $"{port}",
            ["SERVICE_ENDPOINTS"] = Bus.Endpoints,
            ["BUS_KEYS"] = Bus.KeyFolder,
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["DATA_DIR"] = data,
            ["DATABASE_URL"] = $"sqlite:{Path.Combine(data, $"{_service}.db")}",
        };
        foreach (var (name, value) in more ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            environment[name] = value;
        }

        return environment;
    }
}
