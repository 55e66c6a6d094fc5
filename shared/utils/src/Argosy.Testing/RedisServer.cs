using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Argosy.Testing;

/// <summary>A real Redis as a child process, on a free port of 127.0.0.1, with what it keeps in a folder that is deleted in the end.</summary>
public sealed partial class RedisServer : IAsyncDisposable
{
    private const string Program = "redis-server";
    private const int Sigterm = 15;
    private const int Sigstop = 19;
    private const int Sigcont = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly SemaphoreSlim Finding = new(1, 1);

    private readonly string _program;
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-redis-").FullName;
    private readonly string[] _settings;
    private readonly StringBuilder _said = new();
    private Process? _process;

    private RedisServer(string program, string[] settings) => (_program, _settings) = (program, settings);

    /// <summary>Where it listens; the same over restarts.</summary>
    public int Port { get; } = ServiceProcess.FreePort();

    /// <summary><c>REDIS_URL</c> for whoever needs no password.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"redis://127.0.0.1:{Port}");

    /// <summary>
    /// Redis's program: on the PATH or, as root, installed from Debian's package now. Null where there is none; the test is then left out
    /// and says so.
    /// </summary>
    public static async Task<string?> FindAsync()
    {
        await Finding.WaitAsync(TimeSpan.FromMinutes(5));
        try
        {
            if (OnPath() is null && Environment.IsPrivilegedProcess && File.Exists("/usr/bin/apt-get"))
            {
                // policy-rc.d keeps the package from starting a service of its own.
                await RunAsync("/bin/sh", "-c", """
                    policy=/usr/sbin/policy-rc.d
                    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
                    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends redis-server
                    """);
            }

            return OnPath();
        }
        finally
        {
            Finding.Release();
        }
    }

    /// <summary>Starts one and waits until it serves.</summary>
    /// <param name="program">What <see cref="FindAsync"/> found.</param>
    /// <param name="settings">More of its options, e.g. <c>--requirepass</c>, <c>secret</c>; with <c>--tls-port</c> it listens to nothing else.</param>
    public static async Task<RedisServer> StartAsync(string program, params string[] settings)
    {
        var server = new RedisServer(program, settings);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it after a stop, empty: it keeps nothing on the disk.</summary>
    public async Task StartAgainAsync()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        string[] listen = _settings.Contains("--tls-port") ? ["--port", "0"] : ["--port", port];
        var start = new ProcessStartInfo(_program, [.. listen, "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--appendonly", "no", .. _settings.Select(s => s == "PORT" ? port : s)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.HoldsAsync(ListensAsync, "Redis listens", Patience);
    }

    /// <summary>Stops it, as an administrator does.</summary>
    public async Task StopAsync()
    {
        Resume();
        _ = Kill(_process!.Id, Sigterm);
        await EndedAsync();
    }

    /// <summary>SIGSTOP: it holds its connections and answers nobody.</summary>
    public void Pause() => _ = Kill(_process!.Id, Sigstop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => _ = Kill(_process!.Id, Sigcont);

    /// <summary>Runs a command by hand, without arguments that hold spaces, and gives the answer's first line: <c>+OK</c>.</summary>
    public async Task<string> SayAsync(string command)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Port, deadline.Token);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), deadline.Token);
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync(deadline.Token) ?? "";
    }

    /// <summary>Forgets all keys.</summary>
    public Task FlushAsync() => SayAsync("FLUSHALL");

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await EndedAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task EndedAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process!.WaitForExitAsync(deadline.Token);
        _process.Dispose();
        _process = null;
    }

    private async Task<bool> ListensAsync()
    {
        if (_process!.HasExited)
        {
            throw new InvalidOperationException($"Redis ended with {_process.ExitCode}:\n{_said}");
        }

        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;   // not listening yet
        }
    }

    private void Keep(string? line)
    {
        lock (_said)
        {
            _said.AppendLine(line);
        }
    }

    private static string? OnPath() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        await process.WaitForExitAsync(deadline.Token);
    }

    // .NET's Process.Kill is SIGKILL.
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int id, int signal);
}
