using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

// Each test starts processes of its own, and asks much of them: one at a time.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]

namespace Argosy.PaymentProvider.Tests;

/// <summary>The emulator as its own process, on its own folder and port, which survive its death.</summary>
internal sealed class ProviderProcess : IAsyncDisposable
{
    public const string ApiKey = "sk_test_of_the_tests_0001";
    public const string WebhookSecret = "whsec_of_the_tests_0001";

    private readonly string _directory = Directory.CreateTempSubdirectory("argosy-provider-").FullName;
    private readonly Dictionary<string, string> _environment = [];
    private readonly System.Text.StringBuilder _output = new();
    private Process? _process;

    /// <summary>Chooses folder and port; <see cref="StartAgainAsync"/> starts it.</summary>
    public ProviderProcess(params (string Name, string Value)[] environment)
    {
        foreach (var (name, value) in environment)
        {
            _environment[name] = value;
        }

        Port = FreePort();
        Address = new Uri($"http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}");
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(20) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
    }

    public int Port { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public string Database => Path.Combine(_directory, "payment-provider.db");

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static async Task<ProviderProcess> StartAsync(params (string Name, string Value)[] environment)
    {
        var provider = new ProviderProcess(environment);
        await provider.StartAgainAsync();
        return provider;
    }

    /// <summary>Sets a variable for all lives to come.</summary>
    public void Keep(string name, string value) => _environment[name] = value;

    /// <summary>Turns knobs of the running process.</summary>
    public async Task TurnAsync(string json)
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync("/knobs", content);
        answer.EnsureSuccessStatusCode();
    }

    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Starts it on the same books; the variables are for this life only.</summary>
    public async Task StartAgainAsync(params (string Name, string Value)[] environment)
    {
        _process = Launch(environment);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                using var ready = await Http.GetAsync("/ready", deadline.Token);
                if (ready.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(10, deadline.Token);
            }
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await ExitedAsync();
    }

    public void CloseInput() => _process!.StandardInput.Close();

    public async Task ExitedAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _process!.WaitForExitAsync(deadline.Token);
    }

    /// <summary>A start that is meant to fail.</summary>
    public async Task<(int Code, string Error)> RunAsync(params (string Name, string Value)[] environment)
    {
        using var process = Launch(environment);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, Output);
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string? key = null, params (string, string)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Item1, f.Item2))),
        };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await BodyAsync(response));
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path);
        return await BodyAsync(response);
    }

    /// <summary>The ledger, as whoever reconciles reads it.</summary>
    public async Task<IReadOnlyList<Entry>> LedgerAsync() => [.. (await GetAsync("/ledger")).GetProperty("entries").EnumerateArray().Select(e => new Entry(
        e.GetProperty("type").GetString()!, e.GetProperty("paymentId").GetString()!, e.GetProperty("orderId").GetString()!,
        e.GetProperty("amount").GetInt64(), e.GetProperty("currency").GetString()!))];

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        Http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private Process Launch((string Name, string Value)[] environment)
    {
        var dll = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../PaymentProvider/release/PaymentProvider.dll"));
        var start = new ProcessStartInfo("dotnet", [dll])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _directory,
        };
        (string, string)[] given =
        [
            ("SERVICE_PORT", Port.ToString(CultureInfo.InvariantCulture)), ("DATABASE_URL", "sqlite:" + Database), ("PROVIDER_API_KEY", ApiKey),
            ("PROVIDER_WEBHOOK_SECRET", WebhookSecret), ("ARGOSY_EXIT_WITH_STDIN", "1"), .. _environment.Select(e => (e.Key, e.Value)), .. environment,
        ];
        foreach (var (name, value) in given)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Remember(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Remember(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        using var document = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
        return document.RootElement.Clone();
    }
}

internal sealed record Entry(string Type, string PaymentId, string OrderId, long Amount, string Currency);
