using System.Security.Cryptography;
using System.Text;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class DataFolderTests : IDisposable
{
    private readonly DataFolder _data = TinyFleet.NewFolder();

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public void Every_service_gets_a_pair_of_keys_that_belong_together()
    {
        var keys = Keys.Ensure(_data, ["order-service", "payment-service"]);

        byte[] message = [1, 2, 3];
        foreach (var service in new[] { "order-service", "payment-service" })
        {
            using var secret = ECDsa.Create();
            secret.ImportFromPem(File.ReadAllText(Path.Combine(keys.BusFolder, $"{service}.private.pem")));
            using var open = ECDsa.Create();
            open.ImportFromPem(File.ReadAllText(Path.Combine(keys.BusFolder, $"{service}.public.pem")));
            open.VerifyData(message, secret.SignData(message, HashAlgorithmName.SHA256), HashAlgorithmName.SHA256).ShouldBeTrue();
        }
    }

    [Fact]
    public void Keys_stay_the_same_over_starts()
    {
        var first = Keys.Ensure(_data, ["order-service"]);
        var pem = File.ReadAllText(Path.Combine(first.BusFolder, "order-service.private.pem"));

        var second = Keys.Ensure(_data, ["order-service"]);

        File.ReadAllText(Path.Combine(second.BusFolder, "order-service.private.pem")).ShouldBe(pem);
        second.ProviderApiKey.ShouldBe(first.ProviderApiKey);
        second.ProviderWebhookSecret.ShouldBe(first.ProviderWebhookSecret);
    }

    [Fact]
    public void The_gateway_is_given_the_hash_of_the_load_s_key_and_not_the_key()
    {
        var keys = Keys.Ensure(_data, []);
        var key = File.ReadAllText(_data.ClientKey);

        key.Length.ShouldBe(64, "256 bits");
        var known = Directory.GetFiles(keys.ClientsFolder).ShouldHaveSingleItem();
        Path.GetFileName(known).ShouldBe("demo.sha256");
        File.ReadAllText(known).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));
        Keys.Ensure(_data, []);
        File.ReadAllText(_data.ClientKey).ShouldBe(key, "it stays the same over starts");
    }

    [Fact]
    public void Secrets_are_for_their_owner_only()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Unix file modes");
            return;
        }

        var keys = Keys.Ensure(_data, ["order-service"]);

        foreach (var file in Directory.GetFiles(_data.Keys, "*", SearchOption.AllDirectories))
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        }

        File.GetUnixFileMode(_data.Keys).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        keys.ProviderApiKey.ShouldNotBe(keys.ProviderWebhookSecret);
    }

    [Fact]
    public void One_launcher_holds_a_folder_and_the_next_may_when_it_has_let_go()
    {
        using (FleetLock.TryTake(_data).ShouldNotBeNull())
        {
            FleetLock.TryTake(_data).ShouldBeNull();
            FleetLock.HolderOf(_data).ShouldBe(Environment.ProcessId);
        }

        using var next = FleetLock.TryTake(_data);
        next.ShouldNotBeNull();
    }

    [Fact]
    public void A_state_file_that_nobody_can_read_is_refused_with_its_name()
    {
        File.WriteAllText(_data.State, "{");

        Should.Throw<Refusal>(() => new StateFile(_data.State).Read()).Message.ShouldContain(_data.State);
    }

    [Fact]
    public void The_state_file_has_exactly_the_members_that_others_read()
    {
        new StateFile(_data.State).Write(() => new FleetState("http://127.0.0.1:8080", [new("gateway", 42, 8080, "http://127.0.0.1:8080")]));

        File.ReadAllText(_data.State).ReplaceLineEndings("\n").ShouldBe(
            """
            {
              "gateway": "http://127.0.0.1:8080",
              "processes": [
                {
                  "name": "gateway",
                  "pid": 42,
                  "port": 8080,
                  "url": "http://127.0.0.1:8080"
                }
              ]
            }
            """);
    }
}
