using Argosy.Mesh.Loading;
using Argosy.Mesh.Routing;
using Shouldly;

namespace Argosy.Mesh.Tests;

/// <summary>Route tables for tests: the lines of a VirtualService's <c>http</c>, with the rest around them.</summary>
internal static class Routes
{
    public static RouteTable Of(string http, string hosts = "['*']", string serverHosts = "['*']")
    {
        RouteTable.TryCompile(MeshFile.Parse("routes.yaml", Document(http, hosts, serverHosts)), "api-gateway", out var table, out var errors);
        errors.ShouldBeEmpty();
        return table!;
    }

    public static IReadOnlyList<string> Complaints(string yaml)
    {
        RouteTable.TryCompile(MeshFile.Parse("routes.yaml", yaml), "api-gateway", out _, out var errors);
        return [.. errors.Select(error => error.ToString())];
    }

    public static string Document(string http, string hosts = "['*']", string serverHosts = "['*']") => $$"""
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: { name: api-gateway }
        spec:
          servers:
            - port: { number: 8080, name: http, protocol: HTTP }
              hosts: {{serverHosts}}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: { name: routes }
        spec:
          hosts: {{hosts}}
          gateways: [api-gateway]
          http:
        {{http}}
        """;

    public static string? RuleFor(this RouteTable table, string path, string method = "GET", string host = "localhost:8080")
        => table.Evaluate(new RequestView(host, method, path)).Rule?.Route.Name;

    public static string PathFor(this RouteTable table, string path) => table.Evaluate(new RequestView("localhost", "GET", path)).Path;

    /// <summary>The table that is really used.</summary>
    public static RouteTable Public()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Argosy.slnx")))
        {
            root = root.Parent ?? throw new InvalidOperationException("These tests run inside of the repository.");
        }

        var file = Path.Combine(root.FullName, "infrastructure", "istio", "api-routes.yaml");
        RouteTable.TryCompile(MeshFile.Load(file), "api-gateway", out var table, out var errors);
        errors.ShouldBeEmpty();
        return table!;
    }
}
