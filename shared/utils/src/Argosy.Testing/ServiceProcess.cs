using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Argosy.Chassis.Resilience;
using Argosy.Cli.Processes;

namespace Argosy.Testing;

/// <summary>A service as a real process: its dll, an environment, and the ways to end it.</summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int Sigint = 2;
    private const int Sigcont = 18;
    private const int Sigstop = 19;
    private const int Sigterm = 15;

    // What begins with DOTNET_ is how the suite runs processes (Argosy.Cli's ShortLives).
    private static readonly string[] Kept =
    [
        "PATH", "HOME", "TMPDIR",
        "DOTNET_TC_CallCountingDelayMs", "DOTNET_TC_CallCountThreshold", "DOTNET_EnableWriteXorExecute", "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit",
    ];

    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;
    private readonly HttpClient _http;

    private ServiceProcess(Process process, Uri? address)
    {
        _process = process;
        _http = new HttpClient(new LostConnectionHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false }))
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>A client whose base address is the process's.</summary>
    public HttpClient Http => _http;

    /// <summary>Lines of standard output so far.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Lines of standard error so far.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>The process's id.</summary>
    public int Id => _process.Id;

    /// <summary>A port of 127.0.0.1 on which nobody listens, and that no fleet and no other test is given meanwhile.</summary>
    public static int FreePort() => PortBlock.Next() ?? throw new InvalidOperationException($"No port is free between {PortBlock.First} and {PortBlock.End}.");

    /// <summary>Starts <c>dotnet DLL</c> with nothing but PATH and the given environment. <c>SERVICE_PORT</c> makes its address.</summary>
    public static ServiceProcess Start(string dll, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var argument in arguments.Prepend(dll))
        {
            start.ArgumentList.Add(argument);
        }

        Clear(start.Environment);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var started = new Process { StartInfo = start };
        var address = environment.TryGetValue("SERVICE_PORT", out var port) && ushort.TryParse(port, out _) ? new Uri($"http://127.0.0.1:{port}") : null;
        var service = new ServiceProcess(started, address);
        started.OutputDataReceived += (_, line) => Keep(service._output, line.Data);
        started.ErrorDataReceived += (_, line) => Keep(service._errors, line.Data);
        started.Start();
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        return service;
    }

    /// <summary>Waits until <c>/ready</c> answers 200.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; the message has what it said.</exception>
    /// <exception cref="TimeoutException">It was not ready within 60 s, or what is given; the message has what it said.</exception>
    public async Task<ServiceProcess> ReadyAsync(TimeSpan? within = null)
    {
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                if (_process.HasExited)
                {
                    throw new InvalidOperationException($"The service ended with {_process.ExitCode}:\n{Said()}");
                }

                return await AnswersAsync("/ready");
            }, $"{_process.StartInfo.ArgumentList[0]} is ready", within ?? TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Said()}", e);
        }

        return this;
    }

    /// <summary>Waits until it has ended by itself, and gives its exit code.</summary>
    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(15));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate() => _ = Kill(_process.Id, Sigterm);

    /// <summary>SIGINT, as Ctrl-C sends it to a whole process group.</summary>
    public void Interrupt() => _ = Kill(_process.Id, Sigint);

    /// <summary>SIGSTOP: it stands still, and does not know it. (The number is Linux's.)</summary>
    public void Pause() => _ = Kill(_process.Id, Sigstop);

    /// <summary>SIGCONT: it goes on where it was.</summary>
    public void Continue() => _ = Kill(_process.Id, Sigcont);

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>SIGKILL: no farewell.</summary>
    public void KillNow() => _process.Kill();

    /// <summary>Closes its standard input, as the death of the launcher would.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await ExitAsync();
        }

        _http.Dispose();
        _process.Dispose();
    }

    private string Said() => string.Join('\n', _errors.Concat(_output));

    private async Task<bool> AnswersAsync(string path)
    {
        try
        {
            using var answer = await _http.GetAsync(path);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;   // not listening yet
        }
    }

    // What runs the tests must not configure what is tested.
    private static void Clear(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Where(n => !Kept.Contains(n) && !n.StartsWith("DOTNET_ROOT", StringComparison.Ordinal)).ToList())
        {
            environment.Remove(name);
        }
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    // .NET's Process.Kill is SIGKILL.
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int id, int signal);
}
