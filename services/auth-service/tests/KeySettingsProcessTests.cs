using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>What the settings of the keys do to a folder that is there already, in the real process.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class KeySettingsProcessTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("argosy-auth-");

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string, string> Changes => new() { { "RS256", "PS256" }, { "PS256", "ES256" }, { "ES256", "RS256" } };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Another_algorithm_is_known_to_all_before_it_signs_and_what_the_one_before_signed_stays_good(string first, string second)
    {
        await using var front = await StartAsync(("JWT_ALGORITHM", first));
        await using var consumer = await Consumer.StartAsync(front.Bench.Address, TimeSpan.FromMilliseconds(300));
        var (email, id) = await front.PersonAsync();
        var before = await front.TokensAsync(email);
        before.Header.GetProperty("alg").GetString().ShouldBe(first);
        (await consumer.StatusAsync(before.Access)).ShouldBe(HttpStatusCode.OK);

        await front.Bench.RestartAsync(Settings(("JWT_ALGORITHM", second), ("KEY_PUBLISH_SECONDS", "2")));

        var meanwhile = await front.TokensAsync(email);
        (meanwhile.KeyId, await consumer.StatusAsync(meanwhile.Access)).ShouldBe((before.KeyId, HttpStatusCode.OK), "nobody has met the new one yet");
        (await AlgorithmsAsync(front)).ShouldBe([first, second]);                              // signing, next
        var next = JsonSerializer.Deserialize<JsonElement>(await KeysAsync(front)).GetProperty("keys").EnumerateArray().Single(key => key.GetProperty("alg").GetString() == second);
        await Eventually.HoldsAsync(() => consumer.Knows(next.GetProperty("kid").GetString()!), "the consumer has met it, after however long the restart kept it waiting", TimeSpan.FromSeconds(60));
        var admin = await front.AdminAsync();
        await Eventually.HoldsAsync(async () => (await front.RotateAsync(admin)).StatusCode == HttpStatusCode.OK, "it was published for long enough");

        var after = await front.TokensAsync(email);
        (await consumer.StatusAsync(after.Access)).ShouldBe(HttpStatusCode.OK, "at once");
        after.Header.GetProperty("alg").GetString().ShouldBe(second);
        after.Claims.GetProperty("sub").GetString().ShouldBe(id);
        (await consumer.StatusAsync(before.Access)).ShouldBe(HttpStatusCode.OK);
        (await front.AdminStatusAsync(before.Access)).ShouldBe(HttpStatusCode.Forbidden);     // known, though no admin
        (await AlgorithmsAsync(front)).ShouldBe([second, second, first]);                      // signing, next, retired
        front.Bench.Process.Output.ShouldContain(line => line.Contains($"JWT_ALGORITHM is {second}, and the key that signs is for {first}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_are_encrypted_from_the_start_on_that_is_given_a_master_key()
    {
        var master = Secret("master", RandomNumberGenerator.GetBytes(32), OwnerOnly | UnixFileMode.GroupRead);     // as it is in containers
        await using var front = await StartAsync();
        var (email, _) = await front.PersonAsync();
        var before = await front.TokensAsync(email);
        KeyFiles(front).ShouldAllBe(file => file.Contains("-----BEGIN PRIVATE KEY-----", StringComparison.Ordinal));
        var keys = await KeysAsync(front);

        await front.Bench.RestartAsync(Settings(("MASTER_KEY_FILE", master)));

        KeyFiles(front).ShouldAllBe(file => file.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) && !file.Contains("BEGIN PRIVATE", StringComparison.Ordinal));
        File.GetUnixFileMode(front.KeyFile).ShouldBe(OwnerOnly);
        (await KeysAsync(front)).ShouldBe(keys);
        (await front.AdminStatusAsync(before.Access)).ShouldBe(HttpStatusCode.Forbidden);
        (await front.TokensAsync(email)).KeyId.ShouldBe(before.KeyId);

        // Standard PEM: whoever has the secret opens it without us, and it is the key that is published.
        using var rsa = RSA.Create();
        rsa.ImportFromEncryptedPem(File.ReadAllText(front.KeyFile), File.ReadAllBytes(master));
        keys.ShouldContain(System.Buffers.Text.Base64Url.EncodeToString(rsa.ExportParameters(includePrivateParameters: false).Modulus!));

        front.Bench.Process.KillNow();
        await front.Bench.Process.ExitAsync();
        var without = await StopsWithAsync(front.Bench.DataFolder);
        without.ShouldStartWith($"argosy: auth-service: DATA_DIR holds {Path.GetDirectoryName(front.KeyFile)}");
        without.ShouldEndWith("which is encrypted: let MASTER_KEY_FILE name the file with the secret that opens it.");
        (await StopsWithAsync(front.Bench.DataFolder, ("MASTER_KEY_FILE", Secret("other", RandomNumberGenerator.GetBytes(32))))).ShouldBe(
            $"argosy: auth-service: DATA_DIR holds {front.KeyFile}, which the secret in MASTER_KEY_FILE does not open: let it name the file with the one that it was encrypted by.");
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task Keys_that_are_made_under_a_master_key_are_never_on_disk_without_it_and_the_secret_is_nowhere(string algorithm)
    {
        const string Canary = "a master secret of more than 32 bytes, in letters so that it can be looked for";
        await using var front = await StartAsync(("MASTER_KEY_FILE", Secret("master", System.Text.Encoding.ASCII.GetBytes(Canary))), ("JWT_ALGORITHM", algorithm), ("KEY_PUBLISH_SECONDS", "1"));
        var admin = await front.AdminAsync();
        await Eventually.HoldsAsync(async () => (await front.RotateAsync(admin)).StatusCode == HttpStatusCode.OK, "it was rotated");

        KeyFiles(front).Count().ShouldBe(3);
        KeyFiles(front).ShouldAllBe(file => file.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal));
        (await front.AdminStatusAsync(admin)).ShouldBe(HttpStatusCode.OK);
        (await front.AdminStatusAsync(await front.AdminAsync())).ShouldBe(HttpStatusCode.OK);

        string[] secrets = [Canary, Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(Canary)), "PRIVATE KEY"];
        front.Bench.Process.Output.Concat(front.Bench.Process.Errors).Where(line => secrets.Any(s => line.Contains(s, StringComparison.Ordinal))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Settings_that_are_no_use_stop_the_start_with_one_sentence()
    {
        var data = _folder.CreateSubdirectory("data").FullName;
        var open = Secret("open", RandomNumberGenerator.GetBytes(32), OwnerOnly | UnixFileMode.OtherRead);
        var changeable = Secret("changeable", RandomNumberGenerator.GetBytes(32), OwnerOnly | UnixFileMode.GroupWrite);
        var missing = Path.Combine(_folder.FullName, "missing");

        (await StopsWithAsync(data, ("MASTER_KEY_FILE", Secret("short", RandomNumberGenerator.GetBytes(31))))).ShouldContain("which holds 31 bytes: name a file with at least 32 random ones");
        (await StopsWithAsync(data, ("MASTER_KEY_FILE", open))).ShouldContain($"MASTER_KEY_FILE is '{open}', which others than its owner and group may read, or others than its owner change: chmod 640 it");
        (await StopsWithAsync(data, ("MASTER_KEY_FILE", changeable))).ShouldContain($"MASTER_KEY_FILE is '{changeable}', which others");
        (await StopsWithAsync(data, ("MASTER_KEY_FILE", missing))).ShouldContain($"MASTER_KEY_FILE is '{missing}', which cannot be read");
        (await StopsWithAsync(data, ("JWT_ALGORITHM", "HS256"))).ShouldContain("JWT_ALGORITHM is 'HS256', and must be one of: RS256, PS256, ES256.");
        (await StopsWithAsync(data, ("KEY_ROTATION_DAYS", "-1"))).ShouldContain("KEY_ROTATION_DAYS is '-1', and must be a number from 0 to 3650.");
        (await StopsWithAsync(data, ("KEY_PUBLISH_SECONDS", "0"))).ShouldContain("KEY_PUBLISH_SECONDS is '0', and must be a number from 1 to 86400.");
        Directory.Exists(Path.Combine(data, "keys")).ShouldBeFalse();
    }

    private static async Task<Front> StartAsync(params (string Name, string Value)[] settings) =>
        new(await ServiceBench.StartAsync("auth-service", "AuthService", Settings(settings)));

    private static Dictionary<string, string> Settings(params (string Name, string Value)[] settings) =>
        settings.ToDictionary(setting => setting.Name, setting => setting.Value, StringComparer.Ordinal);

    private static IEnumerable<string> KeyFiles(Front front) => Directory.GetFiles(Path.GetDirectoryName(front.KeyFile)!, "*.pem").Select(File.ReadAllText);

    private static Task<string> KeysAsync(Front front) => front.Http.GetStringAsync("/.well-known/jwks.json");

    private static async Task<IEnumerable<string?>> AlgorithmsAsync(Front front) =>
        JsonDocument.Parse(await KeysAsync(front)).RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("alg").GetString());

    private string Secret(string name, byte[] secret, UnixFileMode mode = OwnerOnly)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, secret);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    private static async Task<string> StopsWithAsync(string data, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>(Settings(settings), StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = data,
            ["JWT_ISSUER"] = TestIssuer.Name,
        };
        await using var service = ServiceProcess.Start(ServiceBench.DllOf("AuthService"), environment);
        (await service.ExitAsync(TimeSpan.FromMinutes(1))).ShouldBe(78);
        return service.Errors.ShouldHaveSingleItem();
    }
}
