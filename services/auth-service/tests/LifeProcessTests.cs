using System.Net;
using System.Runtime.Versioning;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>The process from its first start on: what it made there outlives it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class LifeProcessTests : IAsyncLifetime
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private Front _front = null!;

    public async ValueTask InitializeAsync() => _front = await Front.OpenAsync();

    public ValueTask DisposeAsync() => _front.DisposeAsync();

    [Fact]
    public async Task Secrets_are_for_the_owner_only_and_a_kill_changes_none_of_them()
    {
        File.GetUnixFileMode(_front.KeyFile).ShouldBe(OwnerOnly);
        File.GetUnixFileMode(_front.AdminPasswordFile).ShouldBe(OwnerOnly);
        File.GetUnixFileMode(Path.GetDirectoryName(_front.KeyFile)!).ShouldBe(OwnerOnly | UnixFileMode.UserExecute);
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);
        var (keys, password) = (await KeysAsync(), await File.ReadAllTextAsync(_front.AdminPasswordFile));

        await _front.Bench.RestartAsync();

        (await KeysAsync()).ShouldBe(keys);
        (await File.ReadAllTextAsync(_front.AdminPasswordFile)).ShouldBe(password);
        (await _front.AdminStatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.Forbidden);   // known, though no admin
        (await _front.RefreshAsync(tokens.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _front.LoginAsync("admin@argosy.local", password.Trim())).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_crash_between_the_password_and_the_account_leaves_one_that_works()
    {
        var password = await File.ReadAllTextAsync(_front.AdminPasswordFile);
        foreach (var file in Directory.GetFiles(_front.Bench.DataFolder, "auth-service.db*"))
        {
            File.Delete(file);   // the account was never committed; the password file was written
        }

        await File.WriteAllTextAsync(_front.KeyFile + ".new", "half a ke");   // and a key was being written once

        await _front.Bench.RestartAsync();

        (await File.ReadAllTextAsync(_front.AdminPasswordFile)).ShouldBe(password);
        (await _front.LoginAsync("admin@argosy.local", password.Trim())).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private Task<string> KeysAsync() => _front.Http.GetStringAsync("/.well-known/jwks.json");
}
