using Argosy.Chassis.Store;
using Argosy.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Keys over months, on a real folder and the real store, with a clock that the test moves.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private readonly KeyBench _keys = new();
    private MessageBench _bench = null!;

    private IStore Store => _bench.Store;

    public async ValueTask InitializeAsync() => _bench = await MessageBench.OpenAsync("auth-service", typeof(KeyRotation).Assembly, _ => { });

    public ValueTask DisposeAsync()
    {
        _keys.Dispose();
        return _bench.DisposeAsync();
    }

    [Fact]
    public async Task A_key_is_published_before_it_signs_and_after_it_has_signed()
    {
        using var service = _keys.Open(Store);
        var (first, second) = (service.SigningId, service.Keys.Keys.Next!.Id);
        var token = service.Token();

        _keys.Time.Advance(_keys.Options.PublishFor - TimeSpan.FromSeconds(1));
        var early = (await service.Rotation.RotateAsync("root", CancellationToken.None)).ShouldNotBeNull();
        (early.Status, early.Code, early.RetryAfter).ShouldBe((409, "keys.next-too-young", TimeSpan.FromSeconds(1)));
        service.SigningId.ShouldBe(first);

        _keys.Time.Advance(TimeSpan.FromSeconds(1));
        (await service.Rotation.RotateAsync("root", CancellationToken.None)).ShouldBeNull();

        service.SigningId.ShouldBe(second);
        service.Keys.Keys.Next!.Id.ShouldNotBeOneOf(first, second);
        service.Keys.Keys.Retired.Select(key => key.Id).ShouldBe([first]);
        new JsonWebToken(service.Token()).Kid.ShouldBe(second);
        (await service.VerifiesAsync(token)).ShouldBeTrue();
        (await service.VerifiesAsync(service.Token())).ShouldBeTrue();
        _keys.Files.ShouldBe(["next.pem", $"retired-{first}.pem", "signing.pem"]);
        (await Store.QueryAsync<string>("select actor || ' ' || action || ' ' || target || ' ' || detail from sys_audit"))
            .ShouldBe([$"root keys.rotate {second} instead of {first}"]);
    }

    [Fact]
    public async Task After_ninety_days_a_key_is_rotated_by_itself()
    {
        using var service = _keys.Open(Store);
        var first = service.SigningId;

        _keys.Time.Advance(TimeSpan.FromDays(90) - TimeSpan.FromSeconds(1));
        await service.Rotation.LookAsync(CancellationToken.None);
        service.SigningId.ShouldBe(first);

        _keys.Time.Advance(TimeSpan.FromSeconds(1));
        await service.Rotation.LookAsync(CancellationToken.None);
        service.SigningId.ShouldNotBe(first);

        var second = service.SigningId;
        await service.Rotation.LookAsync(CancellationToken.None);
        service.SigningId.ShouldBe(second);
    }

    [Fact]
    public async Task The_service_looks_every_minute_without_being_asked()
    {
        using var service = _keys.Open(Store);
        var first = service.SigningId;
        await service.Rotation.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => _keys.Time.Waiting == 1, "it waits for its minute");
        _keys.Time.Advance(TimeSpan.FromDays(90));

        await Eventually.HoldsAsync(() => service.SigningId != first, "the old key was rotated");
        await service.Rotation.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Where_keys_are_not_to_be_rotated_they_stay_for_years()
    {
        _keys.Options = _keys.Options with { RotateEvery = null };
        using var service = _keys.Open(Store);
        var first = service.SigningId;

        _keys.Time.Advance(TimeSpan.FromDays(3_650));
        await service.Rotation.LookAsync(CancellationToken.None);

        service.SigningId.ShouldBe(first);
    }

    [Fact]
    public async Task A_retired_key_leaves_with_the_first_rotation_a_day_later()
    {
        using var service = _keys.Open(Store);
        var (first, second) = (service.SigningId, service.Keys.Keys.Next!.Id);
        await RotateAsync(service);

        _keys.Time.Advance(KeyOptions.KeepRetired - _keys.Options.PublishFor);
        await RotateAsync(service);
        service.Keys.Keys.Retired.Select(key => key.Id).ShouldBe([first, second], ignoreOrder: true);

        _keys.Time.Advance(TimeSpan.FromSeconds(1));
        await RotateAsync(service);
        service.Keys.Keys.Retired.Select(key => key.Id).ShouldNotContain(first);
        service.Keys.Keys.Retired.Select(key => key.Id).ShouldContain(second);
    }

    [Fact]
    public async Task Instances_on_one_folder_take_over_what_one_of_them_rotated()
    {
        using var one = _keys.Open(Store);
        using var other = _keys.Open(Store);
        var late = other.Token();
        await RotateAsync(one);

        var before = other.Token();     // it has not looked yet
        (await one.VerifiesAsync(before)).ShouldBeTrue();
        (await one.VerifiesAsync(late)).ShouldBeTrue();
        (await other.Rotation.RotateAsync("root", CancellationToken.None))!.Code.ShouldBe("keys.next-too-young");   // it looked before it answered

        other.SigningId.ShouldBe(one.SigningId);
        new JsonWebToken(other.Token()).Kid.ShouldBe(one.SigningId);
        (await other.VerifiesAsync(one.Token())).ShouldBeTrue();
    }

    [Fact]
    public async Task Of_many_that_rotate_at_once_one_does()
    {
        var instances = Enumerable.Range(0, 4).Select(_ => _keys.Open(Store)).ToList();
        var next = instances[0].Keys.Keys.Next!.Id;
        _keys.Time.Advance(_keys.Options.PublishFor);

        var answers = await Task.WhenAll(instances.Select(i => Task.Run(() => i.Rotation.RotateAsync("root", CancellationToken.None))));

        answers.Count(a => a is null).ShouldBe(1);
        answers.OfType<Chassis.Problem>().ShouldAllBe(p => p.Code == "keys.busy" || p.Code == "keys.next-too-young");
        instances.ForEach(i => i.Keys.Look());
        instances.ShouldAllBe(i => i.SigningId == next);
        instances.ForEach(i => i.Dispose());
    }

    private async Task RotateAsync(KeyBench.Instance service)
    {
        _keys.Time.Advance(_keys.Options.PublishFor);
        (await service.Rotation.RotateAsync("root", CancellationToken.None)).ShouldBeNull();
    }
}
