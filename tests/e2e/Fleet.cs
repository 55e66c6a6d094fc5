using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Resilience;
using Argosy.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(Argosy.E2E.Fleet))]

// One fleet, and tests that kill its processes.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Argosy.E2E;

/// <summary>A whole fleet of real processes on free ports and a folder of its own, started by the launcher; one for all tests.</summary>
public sealed class Fleet : IAsyncLifetime
{
    /// <summary>Seconds: nineteen processes start at once on two cores that do something else as well.</summary>
    internal const string ReadyWithin = "180";

    internal static readonly TimeSpan StartWithin = TimeSpan.FromMinutes(8);

    // Tokens are good for 10 minutes.
    private static readonly TimeSpan LoginEvery = TimeSpan.FromMinutes(4);

    // Waits for the end of its input, which is ours, and then ends the fleet. Its shell has gone, so that who kills our descendants misses it.
    // Where there is no folder any more, the fleet ended by itself.
    private const string Outliving = "exec 3<&0; (cat; test -d \"$0\" && exec \"$@\") <&3 >/dev/null 2>&1 &";

    private readonly CancellationTokenSource _over = new();
    private Process? _guard;
    private Task _logins = Task.CompletedTask;
    private volatile HttpClient _admin = null!;

    /// <summary>What it stands on: <c>./argosy test</c> runs these tests on each; nothing where that is embedded.</summary>
    internal static string[] On { get; } = (Environment.GetEnvironmentVariable("ARGOSY_E2E_UP") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The fleet's data folder.</summary>
    public string Data { get; } = Directory.CreateTempSubdirectory("argosy-e2e-").FullName;

    /// <summary>What was on the screen while it started.</summary>
    public string Screen { get; private set; } = "";

    /// <summary>The only public door.</summary>
    public HttpClient Gateway { get; private set; } = null!;

    /// <summary>The administrator, through the same door; another client every few minutes, before its token ends.</summary>
    public HttpClient Admin => _admin;

    public string AdminId { get; private set; } = "";

    /// <summary>Where its spans go.</summary>
    public OtlpReceiver Collector { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Collector = await OtlpReceiver.StartAsync();
        if (On.Length > 0)
        {
            await Servers.InstallAsync();
        }

        _guard = StartGuard();
        var up = await Launcher.ArgosyAsync(StartWithin, Exporting(Collector), ["up", "--detach", "--isolated", "--no-build", "--timeout", ReadyWithin, "--data", Data, .. On]);
        if (up.ExitCode != 0)
        {
            throw new InvalidOperationException($"The fleet did not start: {up}");
        }

        Screen = up.Errors;
        Gateway = Client();
        _admin = await LoginAdminAsync();
        _logins = StayLoggedInAsync(_over.Token);
        AdminId = JsonDocument.Parse(Base64Url.DecodeFromChars(Admin.DefaultRequestHeaders.Authorization!.Parameter!.Split('.')[1])).RootElement.GetProperty("sub").GetString()!;
    }

    /// <summary>What the first start has made up.</summary>
    public async Task<string> AdminPasswordAsync() => (await File.ReadAllTextAsync(Path.Combine(Data, "services", "auth-service", "admin-password"))).Trim();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        try
        {
            await _logins;
        }
        finally
        {
            _over.Dispose();
            await Launcher.ArgosyAsync(TimeSpan.FromMinutes(1), "down", "--data", Data);
        }

        await (Collector?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(Data, recursive: true);
        _guard?.Dispose();
    }

    // A run that is killed, or ended by Ctrl-C, leaves no fleet behind.
    private Process? StartGuard() => OperatingSystem.IsWindows() ? null : Process.Start(
        new ProcessStartInfo("/bin/sh", ["-c", Outliving, Data, "dotnet", Launcher.DllOf("Argosy.Cli"), "down", "--data", Data]) { UseShellExecute = false, RedirectStandardInput = true });

    /// <summary>Where a process listens, from <c>state.json</c>, which is always current.</summary>
    public Uri AddressOf(string process) => new(Entry(process).GetProperty("url").GetString()!);

    /// <summary>The process's id; null while it is being started again.</summary>
    public int? PidOf(string process) => Entry(process).GetProperty("pid") is { ValueKind: JsonValueKind.Number } pid ? pid.GetInt32() : null;

    /// <summary>All of them, engines too.</summary>
    public IReadOnlyList<string> Processes => [.. State().GetProperty("processes").EnumerateArray().Select(p => p.GetProperty("name").GetString()!)];

    /// <summary>Those that speak HTTP: ours.</summary>
    public IReadOnlyList<string> Services => [.. Processes.Where(name => AddressOf(name).Scheme == Uri.UriSchemeHttp)];

    /// <summary>A service's processes: itself, and where there are more, those with a number.</summary>
    public IEnumerable<string> InstancesOf(string service) => Processes.Where(name => name == service || (name.StartsWith($"{service}-", StringComparison.Ordinal) && char.IsAsciiDigit(name[^1])));

    /// <summary>SIGKILL; the launcher starts it again.</summary>
    public async Task KillAsync(string name)
    {
        var pid = PidOf(name) ?? throw new InvalidOperationException($"{name} is not running, and cannot be killed.");
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);      // an engine's children are its own
        }
        catch (ArgumentException) when (AddressOf(name).Scheme != Uri.UriSchemeHttp)
        {
            // An engine ended by itself meanwhile: while its killed predecessor still goes, the next one may start in vain.
        }

        await Eventually.HoldsAsync(() => PidOf(name) is { } now && now != pid, $"{name} was started again", TimeSpan.FromSeconds(60));
    }

    /// <summary>A process answers /ready.</summary>
    public Task ReadyAsync(string name) => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return (await Gateway.GetAsync(new Uri(AddressOf(name), "/ready"))).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        $"{name} is ready", TimeSpan.FromSeconds(60));

    /// <summary>Every customer's.</summary>
    public const string Password = "correct horse battery staple";

    /// <summary>A new customer with a token.</summary>
    public async Task<HttpClient> CustomerAsync()
    {
        var email = $"customer-{Guid.NewGuid():N}@example.com";
        using var registered = await Busy.DecidedAsync(() => Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Ada" }));
        if (registered.StatusCode != HttpStatusCode.Conflict)       // nobody else has that address: in a conflict an attempt before this one was done
        {
            registered.EnsureSuccessStatusCode();
        }

        return await LoginAsync(email, Password);
    }

    /// <summary>Somebody at the door of whom nothing is known.</summary>
    public HttpClient Stranger() => new(new LostConnectionHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false }))
    {
        BaseAddress = new Uri(State().GetProperty("gateway").GetString()!),
        Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Everything the payment provider did for an order, from its own ledger.</summary>
    public async Task<IReadOnlyList<(string Type, long Amount)>> LedgerAsync(string orderId)
    {
        var ledger = await Gateway.GetFromJsonAsync<JsonElement>(new Uri(AddressOf("payment-provider"), "/ledger"));
        return [.. ledger.GetProperty("entries").EnumerateArray().Where(entry => entry.GetProperty("orderId").GetString() == orderId)
            .Select(entry => (entry.GetProperty("type").GetString()!, entry.GetProperty("amount").GetInt64()))];
    }

    private static Dictionary<string, string> Exporting(OtlpReceiver collector) => new(StringComparer.Ordinal)
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
        ["OTEL_METRICS_EXPORTER"] = "none",
        ["OTEL_LOGS_EXPORTER"] = "none",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
    };

    private async Task<HttpClient> LoginAdminAsync() => await LoginAsync("admin@argosy.local", await AdminPasswordAsync());

    private async Task StayLoggedInAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(LoginEvery, over));
            try
            {
                _admin = over.IsCancellationRequested ? _admin : await LoginAdminAsync();
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or JsonException)
            {
                // somebody has just been killed; there is another time before the token ends
            }
        }
    }

    // Hashing a password is meant to be slow: who has just started beside others turns away who would wait too long, or is slower than the gateway waits.
    private async Task<HttpClient> LoginAsync(string email, string password)
    {
        using var login = await Busy.DecidedAsync(() => Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email, password }));
        login.EnsureSuccessStatusCode();
        var client = Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString());
        return client;
    }

    // As the fleet's own load, which has a limit of its own: all of the tests together ask more than anybody may.
    private HttpClient Client()
    {
        var client = Stranger();
        client.DefaultRequestHeaders.Add(LoadHeader.Key, LoadHeader.Value);
        return client;
    }

    /// <summary>By which the gateway knows the fleet's own load.</summary>
    public KeyValuePair<string, string> LoadHeader => KeyValuePair.Create("X-API-Key", File.ReadAllText(Path.Combine(Data, "keys", "demo-client-key.txt")).Trim());

    private JsonElement Entry(string process) => State().GetProperty("processes").EnumerateArray().Single(p => p.GetProperty("name").GetString() == process);

    private JsonElement State() => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(Data, "state.json")));
}
