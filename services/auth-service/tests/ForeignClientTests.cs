using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>
/// The flows as npm's oauth4webapi and jose run them: clients that nobody here wrote, and which check what a client has to check. Needs
/// Node.js 20 and npm, and npm's registry the first time.
/// </summary>
public sealed class ForeignClientTests
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task Clients_of_others_run_every_flow_and_are_refused_what_they_must_be_refused(string algorithm)
    {
        var programs = await InstallAsync();
        var folder = Directory.CreateTempSubdirectory("argosy-foreign-").FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(Path.Combine(folder, "machine.pem"), key.ExportSubjectPublicKeyInfoPem());
        await File.WriteAllTextAsync(Path.Combine(folder, "clients.json"), """
            { "clients": [
              { "id": "argosy", "name": "Argosy", "grants": ["authorization_code", "refresh_token"], "redirectUris": ["http://127.0.0.1/callback"], "scopes": ["openid", "email", "api"] },
              { "id": "machine", "name": "Machine", "grants": ["client_credentials"], "scopes": ["api"], "publicKey": "machine.pem" }
            ] }
            """);
        await using var bench = await ServiceBench.StartAsync("auth-service", "AuthService", new Dictionary<string, string>(StringComparer.Ordinal) { ["JWT_ALGORITHM"] = algorithm });
        var issuer = bench.Address.GetLeftPart(UriPartial.Authority);
        await bench.RestartAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["AUTH_CLIENTS"] = Path.Combine(folder, "clients.json"), ["JWT_ISSUER"] = issuer, ["JWT_ALGORITHM"] = algorithm });
        var (email, _) = await new Front(bench).PersonAsync();

        var (code, said) = await RunAsync("node", programs, Path.Combine(programs, "flows.mjs"), JsonSerializer.Serialize(new
        {
            issuer,
            email,
            password = Front.Password,
            client = "machine",
            pem = Base64Url.EncodeToString(key.ExportPkcs8PrivateKey()),
            redirectUri = "http://127.0.0.1:49152/callback",
        }));

        code.ShouldBe(0, said);
        said.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe([
            "discovery", "authorization code with PKCE", "access token in the profile of RFC 9068", "an ID token is no access token", "a changed access token is refused",
            "userinfo", "refresh", "a refresh token is good once", "its reuse ends the family", "a code is good once", "a code needs its verifier", "a revoked token is over",
            "client credentials with private_key_jwt", "introspection", "another's key proves nothing",
        ]);
        Directory.Delete(folder, recursive: true);
    }

    // Beside the test's output, so that a second run finds them there.
    private static async Task<string> InstallAsync()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "foreign-clients");
        var (version, _) = await TryAsync("node", folder, "-e", "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)");
        if (version != 0)
        {
            Assert.Skip("Node.js 20 or later is not here: install Debian's packages nodejs and npm, or those of nodejs.org.");
        }

        var (installed, said) = await TryAsync("npm", folder, "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        if (installed != 0)
        {
            Assert.Skip($"npm could not fetch oauth4webapi and jose: {said}");
        }

        return folder;
    }

    private static async Task<(int Code, string Said)> TryAsync(string program, string folder, params string[] arguments)
    {
        try
        {
            return await RunAsync(program, folder, arguments);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        using var deadline = new CancellationTokenSource(Within);
        try
        {
            var (said, complained) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, $"{await said}{await complained}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
