using Argosy.Chassis.Hosting;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Users.Tests;

/// <summary>The rules of a profile, and what goes out when one is erased.</summary>
public sealed class ProfileTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Profile New = new("ada", "ada@example.org", "Ada", [], new Preferences(null), 1, Now, Now);

    [Fact]
    public void Who_has_addresses_has_exactly_one_default() => Property.Holds(
        Gen.ListOf(Gen.Elements(true, false, false)).ToArbitrary(),
        flags =>
        {
            var addresses = flags.Select((isDefault, i) => new Address("A", $"Street {i}", "C", "1", "GB", isDefault)).ToList();
            var (after, problem) = New.After(new ProfileChange(null, addresses, null), Now);

            var acceptable = addresses.Count <= 20 && addresses.Count(a => a.IsDefault) <= 1;
            (problem is null).ShouldBe(acceptable);
            if (acceptable)
            {
                after.Addresses.Count(a => a.IsDefault).ShouldBe(Math.Min(1, addresses.Count));
                after.Addresses.Select(a => a.Street).ShouldBe(addresses.Select(a => a.Street));
            }
        }, count: 500);

    [Fact]
    public void A_change_that_changes_nothing_is_none()
    {
        var (after, problem) = New.After(new ProfileChange("Ada", [], new Preferences(null)), Now.AddDays(1));

        problem.ShouldBeNull();
        after.ShouldBeSameAs(New);
    }

    [Fact]
    public void The_world_has_249_countries_and_antarctica_is_one()
    {
        Countries.Count.ShouldBe(249);
        Countries.Exist("AQ").ShouldBeTrue();
        Countries.Exist("EU").ShouldBeFalse();
        Countries.Exist("UK").ShouldBeFalse();
    }

    [Fact]
    public async Task An_erasure_is_announced_once()
    {
        await using var bench = await MessageBench.OpenAsync(
            "user-service", typeof(Profiles).Assembly, services => services.AddSingleton<Profiles>(), typeof(UserMessages));
        await bench.DeliverAsync(new UserRegistered { UserId = "ada", Email = "ada@example.org", Name = "Ada" });
        var profiles = bench.Services.GetRequiredService<Profiles>();
        var (profile, _) = await profiles.FindAsync("ada", Freshness.Now, CancellationToken.None);

        await bench.CommitAsync(work => UserApi.Erase(profiles, profile!, work));

        (await bench.PublishedAsync<UserErased>()).ShouldHaveSingleItem().UserId.ShouldBe("ada");
        await Should.ThrowAsync<Argosy.Chassis.Store.CommitException>(() => bench.CommitAsync(work => UserApi.Erase(profiles, profile!, work)));
        (await bench.ParkedAsync()).ShouldBeEmpty();
    }
}
