using System.Globalization;
using Argosy.Testing;

namespace Argosy.Gateway.Tests;

/// <summary>The gateway as a process of its own.</summary>
internal static class GatewayBench
{
    // As long as these tests run.
    private static readonly string Folder = MakeFolder();

    public static readonly string[] Services =
        ["auth-service", "user-service", "inventory-service", "order-service", "payment-service", "shipping-service", "notification-service"];

    public static string Dll { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Gateway", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "Gateway.dll"));

    public static string PublicRoutes { get; } = Path.Combine(Root(), "infrastructure", "istio", "api-routes.yaml");

    public static string PublicLimits { get; } = Path.Combine(Root(), "infrastructure", "gateway", "limits.yaml");

    public static string Everywhere(Uri address) => string.Join(',', Services.Select(name => $"{name}={address}"));

    /// <summary>An environment in which the gateway runs; a null value leaves a variable out.</summary>
    public static Dictionary<string, string> Environment(string endpoints, string? routes = null) => new(StringComparer.Ordinal)
    {
        ["SERVICE_PORT"] = ServiceProcess.FreePort().ToString(CultureInfo.InvariantCulture),
        ["ARGOSY_PROFILE"] = "local",
        ["ARGOSY_EXIT_WITH_STDIN"] = "1",
        ["LOG_LEVEL"] = "debug",
        ["SERVICE_ENDPOINTS"] = endpoints,
        ["API_ROUTES"] = routes ?? PublicRoutes,
        ["RATE_LIMITS"] = "off",
    };

    public static Task<ServiceProcess> StartAsync(string endpoints, string? routes = null)
        => ServiceProcess.Start(Dll, Environment(endpoints, routes)).ReadyAsync();

    /// <summary>A route table for tests: `/name` and what is under it goes to the service `name`, with the options given.</summary>
    public static string Routes(params (string Service, string Options)[] rules)
    {
        var file = Path.Combine(Folder, $"routes-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(file, $$"""
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: { name: api-gateway }
            spec: { servers: [ { port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] } ] }
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: { name: test }
            spec:
              hosts: ["*"]
              gateways: [api-gateway]
              http:
            {{string.Join('\n', rules.Select(rule => $"    - {{ name: {rule.Service}, match: [ {{ uri: {{ prefix: /{rule.Service} }} }} ], route: [ {{ destination: {{ host: {rule.Service} }} }} ]{rule.Options} }}"))}}
            """);
        return file;
    }

    private static string MakeFolder()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-gateway-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }

    private static string Root()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Argosy.slnx")))
        {
            root = root.Parent ?? throw new InvalidOperationException("These tests run inside of the repository.");
        }

        return root.FullName;
    }
}

/// <summary>The gateway with the public routes, all of which lead to one backend. Shared by the tests of a class.</summary>
public sealed class PublicGateway : Xunit.IAsyncLifetime
{
    internal Backend Backend { get; private set; } = null!;

    internal ServiceProcess Gateway { get; private set; } = null!;

    internal int Port => Gateway.Http.BaseAddress!.Port;

    public async ValueTask InitializeAsync()
    {
        Backend = await Backend.StartAsync();
        Gateway = await GatewayBench.StartAsync(GatewayBench.Everywhere(Backend.Address));
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Backend.DisposeAsync();
    }
}
