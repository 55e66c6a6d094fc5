using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Users.Tests;

/// <summary>The process, killed and started again.</summary>
public sealed class LifeProcessTests
{
    [Fact]
    public async Task Profiles_and_erasures_survive_a_kill()
    {
        await using var bench = await ServiceBench.StartAsync("user-service", "UserService");
        var (_, kept) = await bench.PersonAsync();
        var (_, gone) = await bench.PersonAsync();
        (await kept.ChangeAsync(new { addresses = new[] { Visits.Address("First") } })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await gone.DeleteAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await bench.RestartAsync();

        (await kept.ReadAsync()).GetProperty("defaultAddress").GetProperty("street").GetString().ShouldBe("First");
        (await gone.GetAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
