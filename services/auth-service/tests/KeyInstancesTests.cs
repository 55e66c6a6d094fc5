using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Two processes that share a database and a key folder.</summary>
public sealed class KeyInstancesTests
{
    [Fact]
    public async Task What_one_process_rotates_the_other_signs_with_and_neither_refuses_what_was_signed_before()
    {
        if (await PostgresServer.FindAsync() is not { } programs)
        {
            Assert.Skip("PostgreSQL is not installed: apt-get install postgresql.");
            return;
        }

        await using var server = await PostgresServer.StartAsync(programs);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = await server.CreateDatabaseAsync("auth-service"),
            ["KEY_PUBLISH_SECONDS"] = "3",
        };
        await using var one = new Front(await ServiceBench.StartAsync("auth-service", "AuthService", settings));
        settings["DATA_DIR"] = one.Bench.DataFolder;
        await using var other = one.Bench.StartInstance(settings);
        await other.ReadyAsync();
        var (email, _) = await one.PersonAsync();
        var tokens = await one.TokensAsync(email);
        var admin = await one.AdminAsync();

        await Eventually.HoldsAsync(async () => (await one.RotateAsync(admin)).StatusCode == HttpStatusCode.OK, "one process rotated");

        // The other has not been told. It takes the new key's token, and looks before it refuses to rotate.
        var renewed = await Tokens.OfAsync(await one.RefreshAsync(tokens.Refresh));
        renewed.KeyId.ShouldNotBe(tokens.KeyId);
        (await Front.AdminStatusAsync(other.Http, tokens.Access)).ShouldBe(HttpStatusCode.Forbidden);
        (await Front.AdminStatusAsync(other.Http, renewed.Access)).ShouldBe(HttpStatusCode.Forbidden);
        (await Front.RotateAsync(other.Http, admin)).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var there = await Tokens.OfAsync(await Front.FormAsync(other.Http, "/connect/token", ("grant_type", "refresh_token"), ("refresh_token", renewed.Refresh)));
        there.KeyId.ShouldBe(renewed.KeyId);
        (await one.AdminStatusAsync(there.Access)).ShouldBe(HttpStatusCode.Forbidden);
        (await one.AdminStatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.Forbidden);
    }
}
