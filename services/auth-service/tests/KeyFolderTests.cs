using Argosy.Chassis;
using Argosy.Chassis.Store;
using Argosy.Testing;
using Microsoft.IdentityModel.Tokens;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Each folder that a death, an operator or an older version may leave, and what a start makes of it.</summary>
public sealed class KeyFolderTests : IAsyncLifetime
{
    private readonly KeyBench _keys = new();
    private MessageBench _bench = null!;

    private IStore Store => _bench.Store;

    public async ValueTask InitializeAsync() => _bench = await MessageBench.OpenAsync("auth-service", typeof(KeyFolder).Assembly, _ => { });

    public ValueTask DisposeAsync()
    {
        _keys.Dispose();
        return _bench.DisposeAsync();
    }

    // How far a rotation came before it died.
    public static TheoryData<int> Deaths => [0, 1, 2, 3];

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task Whatever_a_dead_rotation_left_no_token_is_lost_and_the_next_rotation_works(int steps)
    {
        using var before = _keys.Open(Store);
        var token = before.Token();
        Rotate(before.Keys.Keys, steps);

        using var after = _keys.Open(Store);

        (await after.VerifiesAsync(token)).ShouldBeTrue();
        (await after.VerifiesAsync(after.Token())).ShouldBeTrue();
        AllOf(after.Keys.Keys).ShouldBeUnique();      // a set with two keys of one name is refused as a whole
        after.Keys.Keys.Next.ShouldNotBeNull();
        var later = after.Token();
        _keys.Time.Advance(_keys.Options.PublishFor);
        (await after.Rotation.RotateAsync("root", CancellationToken.None)).ShouldBeNull();
        (await after.VerifiesAsync(token)).ShouldBeTrue();
        (await after.VerifiesAsync(later)).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task An_instance_that_goes_on_beside_a_dead_rotation_finishes_it(int steps)
    {
        using var running = _keys.Open(Store);
        var token = running.Token();
        Rotate(running.Keys.Keys, steps);

        await running.Rotation.LookAsync(CancellationToken.None);

        running.Keys.Keys.Next.ShouldNotBeNull();
        AllOf(running.Keys.Keys).ShouldBeUnique();
        (await running.VerifiesAsync(token)).ShouldBeTrue();
        (await running.VerifiesAsync(running.Token())).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task Whoever_died_while_the_algorithm_was_changed_is_followed_by_one_that_goes_on(int steps)
    {
        using var before = _keys.Open(Store);
        var token = before.Token();
        _keys.Options = _keys.Options with { Algorithm = SecurityAlgorithms.RsaSsaPssSha256 };
        _keys.Folder.MakeNext();
        Rotate(before.Keys.Keys, steps);

        using var after = _keys.Open(Store);

        after.Keys.Keys.Next!.Algorithm.ShouldBe("PS256");
        (await after.VerifiesAsync(token)).ShouldBeTrue();
        _keys.Time.Advance(_keys.Options.PublishFor);
        await after.Rotation.LookAsync(CancellationToken.None);
        (after.Keys.Keys.Signing.Algorithm, after.Keys.Keys.Next!.Algorithm).ShouldBe(("PS256", "PS256"));
        after.Keys.Keys.Retired.Select(key => key.Algorithm).ShouldBe(["ES256"]);
        (await after.VerifiesAsync(token)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_attempt_that_died_long_ago_does_not_date_the_retirement()
    {
        using var service = _keys.Open(Store);
        var token = service.Token();
        Rotate(service.Keys.Keys, steps: 1);

        _keys.Time.Advance(2 * KeyOptions.KeepRetired);
        (await service.Rotation.RotateAsync("root", CancellationToken.None)).ShouldBeNull();

        (await service.VerifiesAsync(token)).ShouldBeTrue();
    }

    [Fact]
    public async Task Who_lost_the_lease_in_the_middle_changes_nothing()
    {
        using var stopped = new KeyBench.Instance(_keys, new LostLease(Store));
        var signing = stopped.SigningId;

        _keys.Time.Advance(_keys.Options.PublishFor);
        (await stopped.Rotation.RotateAsync("root", CancellationToken.None))!.Code.ShouldBe("keys.busy");

        stopped.SigningId.ShouldBe(signing);
        (await Store.FirstOrDefaultAsync<long>("select count(*) from sys_audit")).ShouldBe(0);
    }

    [Fact]
    public void A_signing_key_that_an_operator_took_away_is_followed_by_the_next_one()
    {
        var next = _keys.Open().Keys.Next!.Id;
        File.Delete(_keys.PathOf("signing.pem"));

        var keys = _keys.Open().Keys;

        keys.Signing.Id.ShouldBe(next);
        keys.Next.ShouldNotBeNull();
    }

    [Fact]
    public void One_key_in_both_places_is_followed_by_another()
    {
        var first = _keys.Open().Keys.Signing.Id;
        File.Copy(_keys.PathOf("signing.pem"), _keys.PathOf("next.pem"), overwrite: true);

        var keys = _keys.Open().Keys;

        keys.Signing.Id.ShouldBe(first);
        keys.Next!.Id.ShouldNotBe(first);
    }

    [Fact]
    public void A_key_file_of_before_there_were_rings_goes_on_signing()
    {
        _keys.Options = _keys.Options with { Algorithm = SecurityAlgorithms.RsaSha256 };
        using var rsa = System.Security.Cryptography.RSA.Create(3072);
        SecretFile.Create(_keys.PathOf("signing.pem"), rsa.ExportPkcs8PrivateKeyPem());

        var keys = _keys.Open().Keys;

        (keys.Signing.Id, keys.Signing.Algorithm).ShouldBe((Chassis.Hosting.Identity.IssuerKey.Of(rsa).Id, "RS256"));
        keys.Retired.ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_algorithm_is_published_before_it_signs_and_a_retired_key_keeps_its_own()
    {
        _keys.Options = _keys.Options with { Algorithm = SecurityAlgorithms.RsaSha256 };
        var first = _keys.Open().Keys.Signing;
        _keys.Options = _keys.Options with { Algorithm = SecurityAlgorithms.RsaSsaPssSha256 };
        using var service = _keys.Open(Store);
        var next = service.Keys.Keys.Next.ShouldNotBeNull();

        _keys.Time.Advance(_keys.Options.PublishFor - TimeSpan.FromSeconds(1));
        await service.Rotation.LookAsync(CancellationToken.None);
        (service.SigningId, next.Algorithm).ShouldBe((first.Id, "PS256"));

        _keys.Time.Advance(TimeSpan.FromSeconds(1));
        await service.Rotation.LookAsync(CancellationToken.None);
        (service.SigningId, service.Keys.Keys.Next!.Algorithm).ShouldBe((next.Id, "PS256"));
        service.Keys.Keys.Retired.Select(key => (key.Id, key.Algorithm)).ShouldBe([(first.Id, "RS256")]);

        _keys.Time.Advance(_keys.Options.PublishFor);
        await service.Rotation.LookAsync(CancellationToken.None);
        service.SigningId.ShouldBe(next.Id, "and that is that");
    }

    [Fact]
    public async Task Instances_that_were_told_different_algorithms_do_not_take_turns_for_ever()
    {
        using var one = _keys.Open(Store);
        _keys.Options = _keys.Options with { Algorithm = SecurityAlgorithms.RsaSsaPssSha256 };
        using var other = _keys.Open(Store);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 10; i++)
        {
            _keys.Time.Advance(_keys.Options.PublishFor);
            await one.Rotation.LookAsync(CancellationToken.None);
            await other.Rotation.LookAsync(CancellationToken.None);
            seen.Add(one.SigningId);
            seen.Add(other.SigningId);
        }

        seen.Count.ShouldBeLessThanOrEqualTo(2);
        other.Keys.Keys.Signing.Algorithm.ShouldBe("PS256");
    }

    [Fact]
    public void A_running_instance_keeps_its_keys_when_somebody_spoils_the_folder()
    {
        var service = _keys.Open();
        var before = service.Keys;
        File.WriteAllText(_keys.PathOf("next.pem"), "not a key");

        Should.Throw<ConfigurationException>(service.Look).Message.ShouldContain("which is not a private key in PEM");

        service.Keys.ShouldBe(before);
    }

    [Fact]
    public void What_was_left_half_written_is_gone_a_day_later()
    {
        _keys.Open();
        var (old, young) = (_keys.PathOf("next.pem.a" + SecretFile.Unfinished), _keys.PathOf("next.pem.b" + SecretFile.Unfinished));
        File.WriteAllText(old, "half a ke");
        File.SetLastWriteTimeUtc(old, (_keys.Time.GetUtcNow() - KeyOptions.KeepRetired - TimeSpan.FromSeconds(1)).UtcDateTime);
        File.WriteAllText(young, "another instance is at it");

        _keys.Open();

        (File.Exists(old), File.Exists(young)).ShouldBe((false, true));
    }

    private static IEnumerable<string> AllOf(KeySet keys) => keys.All.Select(key => key.Id);

    private void Rotate(KeySet keys, int steps)
    {
        var folder = _keys.Folder;
        Action[] all = [() => folder.Retire(keys.Signing), folder.Promote, () => folder.MakeNext()];
        all.Take(steps).ToList().ForEach(step => step());
    }
}
