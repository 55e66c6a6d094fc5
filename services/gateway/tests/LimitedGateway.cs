using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Argosy.Testing;

namespace Argosy.Gateway.Tests;

/// <summary>The gateway with limits that hold for an hour, in front of one backend; clients come from any address of this machine's own.</summary>
internal sealed class LimitedGateway : IAsyncDisposable
{
    public const string ClientKey = "a-key-that-nobody-would-guess";

    /// <summary>Ten requests each, four of them orders, a client with twenty.</summary>
    public const string Limits = """
        policies:
          default: { quota: 10, window: 1h }
          strict:
            quota: 4
            window: 1h
            routes:
              - { method: POST, path: /api/v1/orders }
              - { method: POST, path: /api/v1/auth/login, by: address }
        clients:
          partner: { quota: 20, window: 1h }
        """;

    private readonly string _folder;
    private readonly TestIssuer _issuer;
    private readonly List<HttpClient> _clients = [];

    private LimitedGateway(string folder, TestIssuer issuer, Backend backend, ServiceProcess process) =>
        (_folder, _issuer, Backend, Process) = (folder, issuer, backend, process);

    public Backend Backend { get; }

    public ServiceProcess Process { get; }

    public static Task<LimitedGateway> StartAsync(params IReadOnlyList<(string Name, string Value)> more) => StartAsync(authService: null, more);

    /// <summary>With an auth-service of its own, or the backend for that, too.</summary>
    public static async Task<LimitedGateway> StartAsync(Uri? authService, params IReadOnlyList<(string Name, string Value)> more)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-limits-").FullName;
        var issuer = new TestIssuer(folder);
        var backend = await Backend.StartAsync();
        var environment = Environment(folder, issuer, backend.Address, more);
        environment["SERVICE_ENDPOINTS"] = environment["SERVICE_ENDPOINTS"].Replace($"auth-service={backend.Address}", $"auth-service={authService ?? backend.Address}", StringComparison.Ordinal);
        var process = ServiceProcess.Start(GatewayBench.Dll, environment);
        return new LimitedGateway(folder, issuer, backend, await process.ReadyAsync());
    }

    /// <summary>An environment with limits, the files of which are put into <paramref name="folder"/>.</summary>
    public static Dictionary<string, string> Environment(string folder, TestIssuer issuer, Uri backend, params IEnumerable<(string Name, string Value)> more)
    {
        var environment = GatewayBench.Environment(GatewayBench.Everywhere(backend));
        environment["RATE_LIMITS"] = "on";
        environment["API_LIMITS"] = Path.Combine(folder, "limits.yaml");
        environment["CLIENT_KEYS"] = Directory.CreateDirectory(Path.Combine(folder, "clients")).FullName;
        File.WriteAllText(environment["API_LIMITS"], Limits);
        File.WriteAllText(Path.Combine(environment["CLIENT_KEYS"], "partner.sha256"), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ClientKey))));
        foreach (var (name, value) in issuer.Environment.Select(pair => (pair.Key, pair.Value)).Concat(more))
        {
            environment[name] = value;
        }

        return environment;
    }

    /// <summary>Somebody at an address of this machine.</summary>
    public HttpClient From(string address)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = Process.Http.BaseAddress };
        _clients.Add(client);
        return client;
    }

    /// <summary>An access token that the gateway believes; or one made at another time.</summary>
    public string TokenFor(string user, TimeSpan made = default) => _issuer.TokenFor(user, made: made);

    /// <summary>A user at an address of this machine.</summary>
    public HttpClient User(string name, string address)
    {
        var client = From(address);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _issuer.TokenFor(name));
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await Process.DisposeAsync();
        await Backend.DisposeAsync();
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Asking, and what the answers say of limits.</summary>
internal static class Asking
{
    public static async Task<HttpResponseMessage> AskAsync(this HttpClient client, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }

    /// <summary>How many of so many requests were let through.</summary>
    public static async Task<int> PassAsync(this HttpClient client, int times, HttpMethod method, string path, Func<int, (string, string)[]>? headers = null)
    {
        var passed = 0;
        for (var i = 0; i < times; i++)
        {
            using var answer = await client.AskAsync(method, path, headers?.Invoke(i) ?? []);
            passed += answer.StatusCode == HttpStatusCode.TooManyRequests ? 0 : 1;
        }

        return passed;
    }

    public static Task<int> ReadAsync(this HttpClient client, int times, Func<int, (string, string)[]>? headers = null) =>
        client.PassAsync(times, HttpMethod.Get, "/api/items", headers);

    public static Task<int> OrderAsync(this HttpClient client, int times) => client.PassAsync(times, HttpMethod.Post, "/api/orders");

    public static string? Said(this HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) ? string.Join(", ", values) : null;
}
