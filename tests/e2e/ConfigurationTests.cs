using System.Net;
using System.Net.Sockets;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>Bad configuration: one clear line, an exit code that says so, and nothing left running.</summary>
[Trait("on", "embedded")]
public sealed class ConfigurationTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("DATABASE_URL", "mysql://somewhere/orders", "sqlite:PATH")]     // the value may hold a password, and is not repeated
    [InlineData("SERVICE_PORT", "eighty", "eighty")]
    [InlineData("SERVICE_ENDPOINTS", "user-service", "'user-service'")]
    public async Task A_wrong_variable_stops_the_start_with_one_line_that_names_it(string variable, string value, string says)
    {
        var ended = await StartAsync("OrderService", new() { [variable] = value });

        ended.ExitCode.ShouldBe(78, ended.ToString());
        var lines = ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Contains(variable, StringComparison.Ordinal)).ToArray();
        lines.Length.ShouldBe(1, ended.ToString());
        lines[0].ShouldContain(says);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var squatter = new TcpListener(IPAddress.Loopback, 0);
        squatter.Start();
        var port = ((IPEndPoint)squatter.LocalEndpoint).Port;

        var ended = await StartAsync("OrderService", new() { ["SERVICE_PORT"] = $"{port}" });

        ended.ExitCode.ShouldNotBe(0);
        ended.Errors.ShouldContain($"{port}");
    }

    [Fact]
    public async Task A_field_that_the_gateway_does_not_know_stops_it_with_file_line_and_field()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-routes-").FullName;
        var routes = Path.Combine(folder, "api-routes.yaml");
        var known = await File.ReadAllTextAsync(Path.Combine(Launcher.Root, "infrastructure", "istio", "api-routes.yaml"));
        await File.WriteAllTextAsync(routes, known.Replace("      route:", "      mirror:\n        host: elsewhere\n      route:", StringComparison.Ordinal));

        var ended = await StartAsync("Gateway", new() { ["API_ROUTES"] = routes });

        ended.ExitCode.ShouldBe(78, ended.ToString());
        ended.Errors.ShouldContain("api-routes.yaml:");
        ended.Errors.ShouldContain("mirror");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_launcher_names_a_taken_port_and_leaves_nothing_running()
    {
        var data = Directory.CreateTempSubdirectory("argosy-taken-").FullName;
        using var squatter = new TcpListener(IPAddress.Loopback, 5190);
        try
        {
            squatter.Start();
        }
        catch (SocketException)
        {
            // Somebody has it already, which is what the test needs.
        }

        var ended = await Launcher.ArgosyAsync(Soon, "up", "--detach", "--no-build", "--data", data);

        ended.ExitCode.ShouldNotBe(0);
        ended.Errors.ShouldContain("5190");
        var status = await Launcher.ArgosyAsync(Soon, "status", "--data", data);
        status.ExitCode.ShouldBe(3, status.ToString());
        Directory.Delete(data, recursive: true);
    }

    [Theory]
    [InlineData("several instances need --engines with PostgreSQL and RabbitMQ", "push bus serves one instance", "--instances", "order-service=2")]
    [InlineData("the push bus serves one instance of each service", "apt-get install rabbitmq-server", "--instances", "order-service=2", "--engines", "postgresql")]
    public async Task Several_instances_without_a_broker_are_refused_with_what_is_missing(string says, string too, params string[] options)
    {
        await Servers.InstallAsync();
        var data = Directory.CreateTempSubdirectory("argosy-instances-").FullName;

        var ended = await Launcher.ArgosyAsync(Soon, ["up", "--detach", "--no-build", "--isolated", "--data", data, .. options]);

        ended.ExitCode.ShouldNotBe(0);
        ended.Errors.ShouldContain(says);
        ended.Errors.ShouldContain(too);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task An_engine_that_is_not_here_is_named_with_what_installs_it_and_the_fleet_runs_without()
    {
        var (data, programs) = (Directory.CreateTempSubdirectory("argosy-missing-").FullName, Directory.CreateTempSubdirectory("argosy-path-").FullName);
        foreach (var program in new[] { "/usr/bin", "/bin" }.SelectMany(Directory.EnumerateFiles).DistinctBy(Path.GetFileName).Where(path => !Path.GetFileName(path).StartsWith("redis", StringComparison.Ordinal)))
        {
            File.CreateSymbolicLink(Path.Combine(programs, Path.GetFileName(program)), program);
        }

        var path = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = $"{programs}:{Path.GetDirectoryName(Environment.ProcessPath)}" };
        var ended = await Launcher.ArgosyAsync(
            Fleet.StartWithin, path, "up", "--detach", "--no-build", "--isolated", "--timeout", Fleet.ReadyWithin, "--engines", "redis", "--data", data);

        ended.ExitCode.ShouldBe(0, ended.ToString());
        string.Join(' ', ended.Errors.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ShouldContain("Redis isn't here, so services cache each for itself; to have it: apt-get install redis-server");
        (await Launcher.ArgosyAsync(Soon, "down", "--data", data)).ExitCode.ShouldBe(0);
        Directory.Delete(data, recursive: true);
        Directory.Delete(programs, recursive: true);
    }

    private static async Task<Ended> StartAsync(string project, Dictionary<string, string> environment)
    {
        var data = Directory.CreateTempSubdirectory("argosy-config-").FullName;
        environment.TryAdd("SERVICE_PORT", $"{ServiceProcess.FreePort()}");
        environment.TryAdd("DATA_DIR", data);
        environment.TryAdd("ARGOSY_PROFILE", "local");
        environment.TryAdd("JWT_ISSUER", "http://127.0.0.1:8080");
        var ended = await Launcher.RunAsync(Soon, environment, "dotnet", Path.Combine(Launcher.Root, "artifacts", "bin", project, "release", $"{project}.dll"));
        Directory.Delete(data, recursive: true);
        return ended;
    }
}
