using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>What the first start is given, and what stops it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StartProcessTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("argosy-auth-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_first_administrator_may_bring_a_password()
    {
        var given = Path.Combine(_folder.FullName, "given");
        await File.WriteAllTextAsync(given, "the captain's own words\n");
        await using var other = await ServiceBench.StartAsync("auth-service", "AuthService", new Dictionary<string, string>(StringComparer.Ordinal) { ["ADMIN_PASSWORD_FILE"] = given });
        var front = new Front(other);

        (await front.LoginAsync("admin@argosy.local", "the captain's own words")).StatusCode.ShouldBe(HttpStatusCode.OK);
        File.Exists(front.AdminPasswordFile).ShouldBeFalse();
        other.Process.Output.ShouldContain(line => line.Contains($"JWT_ISSUER is {TestIssuer.Name}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://argosy.example", true)]
    [InlineData("https://argosy.example", false)]
    [InlineData("http://127.0.0.1:8080", false)]
    public void Passwords_that_cross_a_network_in_the_clear_are_warned_of(string issuer, bool plain) => new AuthOptions(issuer, null, "").IsPlain.ShouldBe(plain);

    [Fact]
    public async Task Instances_that_start_together_sign_with_one_key()
    {
        using var keys = new KeyBench();
        var instances = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => keys.Open())));
        instances.ToList().ForEach(instance => instance.Look());

        instances.Select(instance => (instance.Keys.Signing.Id, instance.Keys.Next?.Id)).Distinct().ShouldHaveSingleItem();
        keys.Files.ShouldBe(["next.pem", "signing.pem"]);
    }

    [Fact]
    public async Task A_key_that_others_can_read_or_that_is_none_stops_the_start_with_one_sentence()
    {
        using var key = RSA.Create(2048);
        var path = Path.Combine(_folder.CreateSubdirectory("keys").FullName, "signing.pem");
        await File.WriteAllTextAsync(path, key.ExportPkcs8PrivateKeyPem());

        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.OtherRead);
        (await StopsWithAsync()).ShouldBe(
            $"argosy: auth-service: DATA_DIR holds {path}, which others than its owner may read: chmod 600 it, or delete it if somebody may have.");

        File.SetUnixFileMode(path, OwnerOnly);
        (await StopsWithAsync()).ShouldContain("a key of 2048 bits");

        await File.WriteAllTextAsync(path, "not a key");
        (await StopsWithAsync()).ShouldContain("which is not a private key in PEM");
    }

    [Theory]
    [InlineData(null, "there is no such file")]
    [InlineData("password1", "is among the first that anybody would try")]
    [InlineData("", "must have from 8 to 128 characters")]
    public async Task A_password_file_that_is_no_use_stops_the_first_start(string? password, string reason)
    {
        var path = Path.Combine(_folder.FullName, "given");
        if (password is not null)
        {
            await File.WriteAllTextAsync(path, password);
        }

        var error = await StopsWithAsync(("ADMIN_PASSWORD_FILE", path));

        error.ShouldStartWith($"argosy: auth-service: ADMIN_PASSWORD_FILE is '{path}', and");
        error.ShouldContain(reason);
    }

    private async Task<string> StopsWithAsync(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = _folder.FullName,
            ["JWT_ISSUER"] = TestIssuer.Name,
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        await using var service = ServiceProcess.Start(ServiceBench.DllOf("AuthService"), environment);
        (await service.ExitAsync(TimeSpan.FromMinutes(1))).ShouldBe(78);   // making a key takes its time on a busy machine
        return service.Errors.ShouldHaveSingleItem();
    }
}
