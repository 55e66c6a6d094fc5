using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Argosy.Testing;

/// <summary>
/// A RabbitMQ node of the test's own, on free ports of 127.0.0.1, with its data in a folder that is deleted in the end. It starts once
/// for a test assembly, since that takes seconds; tests keep out of each other's way by a virtual host each (<see cref="AddHostAsync"/>).
/// </summary>
public sealed partial class RabbitServer : IAsyncDisposable
{
    /// <summary>Debian's package that has it.</summary>
    public const string Package = "rabbitmq-server";

    private const string Admin = "guest";       // the node makes this user; it may log in from this machine only
    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private const string Control = "/usr/lib/rabbitmq/bin/rabbitmqctl";
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private const int Sigstop = 19;
    private const int Sigcont = 18;
    private static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-rabbit-").FullName;
    private readonly int _port = ServiceProcess.FreePort();
    private readonly int _distribution = ServiceProcess.FreePort();
    private readonly int _names = ServiceProcess.FreePort();
    private readonly string _cookie = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly HttpClient _management;
    private Process? _node;     // the script that starts it
    private int? _id;           // what the script has started

    private RabbitServer()
    {
        var management = ServiceProcess.FreePort();
        _management = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{management}"), Timeout = StartWithin };
        _management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Admin}:{Admin}")));
        File.WriteAllText(Path.Combine(_folder, "rabbitmq.conf"), string.Create(CultureInfo.InvariantCulture, $"""
            listeners.tcp.1 = 127.0.0.1:{_port}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {management}
            log.console = true
            log.console.level = warning
            log.file = false
            collect_statistics_interval = 1000

            """));
        File.WriteAllText(Path.Combine(_folder, "plugins"), "[rabbitmq_management].\n");
    }

    /// <summary>Whether the server is installed, put there from Debian's packages where this process may do that.</summary>
    public static async Task<bool> InstalledAsync()
    {
        if (!File.Exists(Program) && File.Exists("/usr/bin/apt-get") && Environment.IsPrivilegedProcess)
        {
            // policy-rc.d keeps the package from starting a service of its own.
            await RunAsync("/bin/sh", """
                policy=/usr/sbin/policy-rc.d
                [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
                apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends rabbitmq-server
                """);
        }

        return File.Exists(Program);
    }

    /// <summary>Starts a node and waits until it serves.</summary>
    public static async Task<RabbitServer> StartAsync()
    {
        var server = new RabbitServer();
        try
        {
            await server.StartNodeAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private string Node => string.Create(CultureInfo.InvariantCulture, $"argosy{_port}@localhost");

    /// <summary><c>RABBITMQ_URL</c> of a user.</summary>
    public string AddressOf(string host, string user = Admin, string password = Admin) =>
        $"amqp://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@127.0.0.1:{_port}/{Uri.EscapeDataString(host)}";

    /// <summary>A virtual host with the administrator in it.</summary>
    public async Task AddHostAsync(string host)
    {
        await SendAsync(HttpMethod.Put, $"/api/vhosts/{host}", new { });
        await SendAsync(HttpMethod.Put, $"/api/permissions/{host}/{Admin}", new { configure = ".*", write = ".*", read = ".*" });
    }

    /// <summary>Loads definitions, with a password for each user that they name.</summary>
    public Task LoadAsync(string definitions, Func<string, string> passwordOf)
    {
        var json = JsonNode.Parse(definitions)!;
        foreach (var user in json["users"]!.AsArray())
        {
            user!["password_hash"] = HashOf(passwordOf((string)user["name"]!));
        }

        return ImportAsync(json.ToJsonString());
    }

    /// <summary>Loads definitions as they are.</summary>
    public Task ImportAsync(string definitions) => SendAsync(HttpMethod.Post, "/api/definitions", JsonNode.Parse(definitions));

    /// <summary>Closes every connection to a virtual host, and says how many there were.</summary>
    public async Task<int> CutConnectionsAsync(string host)
    {
        var connections = await GetAsync($"/api/vhosts/{host}/connections");
        foreach (var connection in connections.EnumerateArray())
        {
            // One that has gone by itself meanwhile is as good as cut.
            using var answer = await _management.DeleteAsync($"/api/connections/{Uri.EscapeDataString(connection.GetProperty("name").GetString()!)}");
        }

        return connections.GetArrayLength();
    }

    /// <summary>
    /// Ends every channel of the node by an error of the broker's, and leaves the connections open: as if the client had acknowledged what
    /// it never got.
    /// </summary>
    public async Task CloseChannelsAsync()
    {
        const string Erlang = "length([rabbit_channel:do(Channel, {'basic.ack', 999999999, false}) || Channel <- rabbit_channel:list_local()]).";
        var start = new ProcessStartInfo(Control, ["--erlang-cookie", _cookie, "--node", Node, "eval", Erlang]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ERL_EPMD_PORT"] = _names.ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start)!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(StartWithin);
        if (process.ExitCode != 0 || int.Parse(await said, CultureInfo.InvariantCulture) == 0)
        {
            throw new InvalidOperationException($"No channel was closed: {await said}{await complained}");
        }
    }

    /// <summary>Deletes a queue, whatever is in it.</summary>
    public Task DeleteQueueAsync(string host, string queue) => SendAsync(HttpMethod.Delete, $"/api/queues/{host}/{Uri.EscapeDataString(queue)}", null);

    /// <summary>What the management interface says.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _management.GetAsync(path);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>SIGSTOP: the node is there, and does nothing.</summary>
    public void Pause() => Signal(Sigstop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(Sigcont);

    /// <summary>SIGTERM, and waits until it has ended.</summary>
    public async Task StopAsync()
    {
        if (_node is { } node)
        {
            Resume();
            Signal(Sigterm);
            await EndedAsync(node);
        }
    }

    /// <summary>SIGKILL: no farewell.</summary>
    public async Task KillAsync()
    {
        Signal(Sigkill);
        await EndedAsync(_node!);
    }

    /// <summary>The same node again, on its data and its port.</summary>
    public async Task StartNodeAsync()
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (name, value) in new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
            ["HOME"] = _folder,
            ["RABBITMQ_NODENAME"] = Node,
            ["RABBITMQ_DIST_PORT"] = _distribution.ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(_folder, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(_folder, "log"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(_folder, "rabbitmq.conf"),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_folder, "plugins"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(_folder, "pid"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = $"-setcookie {_cookie} +sbwt none",
            ["ERL_EPMD_PORT"] = _names.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        })
        {
            start.Environment[name] = value;
        }

        var written = Path.Combine(_folder, "pid");
        File.Delete(written);
        _node = Process.Start(start)!;
        _node.OutputDataReceived += (_, _) => { };
        _node.ErrorDataReceived += (_, _) => { };
        _node.BeginOutputReadLine();
        _node.BeginErrorReadLine();
        await Eventually.HoldsAsync(ServesAsync, "the broker serves", StartWithin);
        _id = int.Parse(await File.ReadAllTextAsync(written), CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _node?.Dispose();
        StopNameServer();
        _management.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // RabbitMQ's own form: four bytes of salt, and the hash of salt and password (https://www.rabbitmq.com/docs/passwords).
    private static string HashOf(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(4);
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }

    private static async Task RunAsync(string shell, string script)
    {
        using var process = Process.Start(new ProcessStartInfo(shell, ["-c", script]) { UseShellExecute = false })!;
        await process.WaitForExitAsync();
    }

    private static async Task EndedAsync(Process node)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await node.WaitForExitAsync(deadline.Token);
    }

    private async Task<bool> ServesAsync()
    {
        if (_node!.HasExited)
        {
            throw new InvalidOperationException($"The broker ended with {_node.ExitCode}.");
        }

        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, _port);
            using var answer = await _management.GetAsync("/api/overview");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is SocketException or HttpRequestException or TaskCanceledException)
        {
            return false;   // not yet
        }
    }

    private async Task SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _management.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private void Signal(int signal)
    {
        if (_node is { HasExited: false } node)
        {
            _ = Kill(_id ?? node.Id, signal);
        }
    }

    // Erlang's name server outlives the node that started it. Ours is the one on our port.
    private void StopNameServer()
    {
        foreach (var process in Process.GetProcessesByName("epmd"))
        {
            using (process)
            {
                if (IsOurs(process.Id))
                {
                    process.Kill();
                }
            }
        }
    }

    // Somebody else's may be nobody's any more, or not ours to look at.
    private bool IsOurs(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains(string.Create(CultureInfo.InvariantCulture, $"ERL_EPMD_PORT={_names}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int id, int signal);
}
