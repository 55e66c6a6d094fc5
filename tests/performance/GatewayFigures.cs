using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Argosy.Performance;

/// <summary>
/// The gateway against nginx plain proxying and against a bare forwarder, in front of one and the same backend, in turns, so that
/// whatever else the machine does hits all of them alike; medians of the rounds. The gateway checks a token and counts, for a user whose
/// quota is no bound here; all get the same request.
/// </summary>
internal sealed class GatewayFigures(BenchOptions options)
{
    private const int Connections = 32;
    private const double AgainstNginx = 0.5;
    private static readonly string[] Services =
        ["auth-service", "user-service", "inventory-service", "order-service", "payment-service", "shipping-service", "notification-service"];

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var backend = await BackendAsync(cancellation);
        var bare = await BareForwarderAsync(backend.Address, cancellation);
        var folder = Directory.CreateTempSubdirectory("argosy-bench-limits-").FullName;
        using var issuer = new TestIssuer(folder);
        await using var gateway = await GatewayAsync(backend.Address, folder, issuer);
        var caller = $"Authorization: Bearer {issuer.TokenFor("bench")}\r\n";
        using var nginx = Nginx.TryStart(backend.Address);
        var peers = new Dictionary<string, Uri>(StringComparer.Ordinal) { ["direct"] = backend.Address, ["bare forwarder"] = bare.Address, ["gateway"] = gateway.Http.BaseAddress! };
        if (nginx is not null)
        {
            peers["nginx"] = nginx.Address;
        }

        var rates = await Turns.MeasureAsync(peers.ToDictionary(
            peer => peer.Key, peer => (Func<Task<double>>)(() => HttpLoad.RunAsync(peer.Value, "/api/items", caller, Connections, options.Duration / 4, cancellation)), StringComparer.Ordinal));
        await backend.App.DisposeAsync();
        await bare.App.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        yield return new Figure("backend asked directly", $"{rates["direct"]:N0} /s");
        yield return new Figure("gateway", $"{rates["gateway"]:N0} /s");
        yield return new Figure("gateway against a bare forwarder", $"{rates["gateway"] / rates["bare forwarder"]:N2}×");
        yield return nginx is null
            ? new Figure("gateway against nginx", "nginx isn't installed: left out", $"≥ {AgainstNginx}×")
            : new Figure("gateway against nginx", $"{rates["gateway"] / rates["nginx"]:N2}×", $"≥ {AgainstNginx}×", rates["gateway"] / rates["nginx"] / AgainstNginx);
    }

    private static async Task<(WebApplication App, Uri Address)> BackendAsync(CancellationToken cancellation)
    {
        var answer = Encoding.UTF8.GetBytes("{\"items\":[" + string.Join(',', Enumerable.Repeat("{\"sku\":\"TEA-SENCHA\",\"price\":{\"amount\":990,\"currency\":\"EUR\"}}", 10)) + "]}");
        return await AppAsync(app => app.Run(async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
        }), cancellation);
    }

    private static async Task<(WebApplication App, Uri Address)> BareForwarderAsync(Uri backend, CancellationToken cancellation)
    {
        var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None });
        return await AppAsync(app =>
        {
            var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
            app.Run(async http => await forwarder.SendAsync(http, backend.ToString(), client));
        }, cancellation);
    }

    private static async Task<(WebApplication App, Uri Address)> AppAsync(Action<WebApplication> map, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddHttpForwarder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        map(app);
        await app.StartAsync(cancellation);
        return (app, new Uri(app.Urls.First()));
    }

    private static async Task<ServiceProcess> GatewayAsync(Uri backend, string folder, TestIssuer issuer)
    {
        var limits = Path.Combine(folder, "limits.yaml");
        await File.WriteAllTextAsync(limits, "policies:\n  default: { quota: 1000000000, window: 1m }\n");
        return await ServiceProcess.Start(Launcher.Dll("Gateway"), new Dictionary<string, string>(issuer.Environment, StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = ServiceProcess.FreePort().ToString(CultureInfo.InvariantCulture),
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["SERVICE_ENDPOINTS"] = string.Join(',', Services.Select(name => $"{name}={backend}")),
            ["API_ROUTES"] = Path.Combine(Launcher.Root, "infrastructure", "istio", "api-routes.yaml"),
            ["API_LIMITS"] = limits,
        }).ReadyAsync();
    }

    /// <summary>nginx as a plain proxy with kept-alive upstream connections and no access log; null where it isn't installed.</summary>
    private sealed class Nginx : IDisposable
    {
        private readonly Process _process;
        private readonly string _folder;

        private Nginx(Process process, string folder, Uri address) => (_process, _folder, Address) = (process, folder, address);

        public Uri Address { get; }

        public static Nginx? TryStart(Uri backend)
        {
            var program = new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx" }.FirstOrDefault(File.Exists);
            if (program is null)
            {
                return null;
            }

            var folder = Directory.CreateTempSubdirectory("argosy-bench-nginx-").FullName;
            var port = ServiceProcess.FreePort();
            File.WriteAllText(Path.Combine(folder, "nginx.conf"), $$"""
                daemon off; worker_processes auto; pid {{folder}}/nginx.pid; error_log stderr error;
                events { worker_connections 1024; }
                http {
                  access_log off; keepalive_requests 1000000000;
                  client_body_temp_path {{folder}}; proxy_temp_path {{folder}}; fastcgi_temp_path {{folder}}; uwsgi_temp_path {{folder}}; scgi_temp_path {{folder}};
                  upstream backend { server {{backend.Authority}}; keepalive 64; keepalive_requests 1000000000; }
                  server {
                    listen 127.0.0.1:{{port}};
                    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }
                  }
                }
                """);
            var process = Process.Start(new ProcessStartInfo(program, ["-p", folder, "-c", Path.Combine(folder, "nginx.conf")]) { UseShellExecute = false })!;
            return new Nginx(process, folder, new Uri($"http://127.0.0.1:{port}"));
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
