using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Argosy.Chassis.Redis;
using Argosy.Chassis.Redis.Resp;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Redis;

/// <summary>The client against a real server.</summary>
[Trait("on", "servers")]
public sealed class RedisClientTests
{
    [Fact]
    public async Task Ten_thousand_commands_of_many_callers_get_their_own_answers()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async caller =>
        {
            var wrong = 0;
            for (var i = 0; i < 100; i++)
            {
                wrong += (await SayAsync(redis, "ECHO", $"{caller}-{i}")).AsText() == $"{caller}-{i}" ? 0 : 1;
            }

            return wrong;
        }));

        answers.Sum().ShouldBe(0);
    }

    [Fact]
    public async Task Who_gives_up_waiting_does_not_get_others_the_wrong_answer()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync();
        using var impatience = new CancellationTokenSource();

        bench.Server.Pause();
        var given = Enumerable.Range(0, 50).Select(i => redis.SendAsync(RedisCommand.Of("ECHO", $"gone {i}"), impatience.Token)).ToArray();
        var kept = Enumerable.Range(0, 50).Select(i => SayAsync(redis, "ECHO", $"kept {i}")).ToArray();
        await impatience.CancelAsync();
        foreach (var gone in given)
        {
            await Should.ThrowAsync<OperationCanceledException>(gone);
        }

        bench.Server.Resume();

        (await Task.WhenAll(kept)).Select(answer => answer.AsText()).ShouldBe(Enumerable.Range(0, 50).Select(i => $"kept {i}"));
        (await SayAsync(redis, "ECHO", "after")).AsText().ShouldBe("after");
    }

    [Fact]
    public async Task More_commands_than_may_wait_are_refused_and_say_so()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync(bench.Options() with { InFlight = 8 });

        bench.Server.Pause();
        var waiting = Enumerable.Range(0, 8).Select(i => SayAsync(redis, "ECHO", $"{i}")).ToArray();
        (await Should.ThrowAsync<RedisBusyException>(() => SayAsync(redis, "ECHO", "one too many"))).Message.ShouldContain("8 commands wait");
        bench.Server.Resume();

        await Task.WhenAll(waiting);
        (await SayAsync(redis, "ECHO", "again")).AsText().ShouldBe("again");
    }

    [Fact]
    public async Task A_server_that_hangs_costs_a_caller_its_own_patience_and_is_given_up_after_a_silence()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync(bench.Options() with { CommandTimeout = TimeSpan.FromMilliseconds(100), Silence = TimeSpan.FromMilliseconds(500), Heartbeat = TimeSpan.FromMilliseconds(100) });

        bench.Server.Pause();
        (await Should.ThrowAsync<RedisUnavailableException>(() => SayAsync(redis, "ECHO", "anybody?"))).Message.ShouldContain("did not answer ECHO");
        await Eventually.HoldsAsync(() => !redis.IsConnected, "the silent connection is given up");
        redis.SinceHeard.ShouldBeNull();
        bench.Server.Resume();

        await Eventually.HoldsAsync(() => redis.IsConnected, "it is connected again");
        redis.Fault.ShouldBeNull();
    }

    [Fact]
    public async Task After_a_restart_of_the_server_commands_go_through_again()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync();

        await bench.Server.StopAsync();
        await Eventually.HoldsAsync(() => !redis.IsConnected, "the loss is noticed");
        await Should.ThrowAsync<RedisUnavailableException>(() => SayAsync(redis, "ECHO", "nobody"));
        redis.Fault.ShouldBe("does not answer");
        await bench.Server.StartAgainAsync();

        await Eventually.HoldsAsync(() => redis.IsConnected, "it is connected again");
        (await SayAsync(redis, "ECHO", "back")).AsText().ShouldBe("back");
    }

    [Fact]
    public async Task With_the_password_and_a_database_it_gets_in_and_with_another_it_says_so_without_it()
    {
        await using var bench = await RedisBench.StartAsync("--requirepass", "p/ss wort");
        var redis = await bench.ConnectAsync(bench.Options($"redis://:p%2Fss%20wort@127.0.0.1:{bench.Server.Port}/3"));
        (await SayAsync(redis, "CLIENT", "INFO")).AsText().ShouldContain("db=3");

        var wrong = bench.Start(bench.Options($"redis://someone:not-it@127.0.0.1:{bench.Server.Port}"));

        await Eventually.HoldsAsync(() => wrong.Fault == "refuses us (WRONGPASS)", "the refusal is known");
        bench.Options($"redis://someone:not-it@127.0.0.1:{bench.Server.Port}").ToString().ShouldNotContain("not-it");
    }

    [Fact]
    public async Task Over_TLS_it_talks_to_a_server_whose_authority_it_was_given_and_to_no_other()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-redis-tls-").FullName;
        using var authority = SignFor(folder);
        await using (var bench = await RedisBench.StartAsync(
            "--tls-port", "PORT", "--tls-cert-file", Path.Combine(folder, "cert.pem"), "--tls-key-file", Path.Combine(folder, "key.pem"), "--tls-auth-clients", "no", "--tls-ca-cert-file", Path.Combine(folder, "cert.pem")))
        {
            var url = $"rediss://127.0.0.1:{bench.Server.Port}";
            var redis = await bench.ConnectAsync(bench.Options(url) with { Authorities = [authority] });
            var distrustful = bench.Start(bench.Options(url));

            (await SayAsync(redis, "ECHO", "sealed")).AsText().ShouldBe("sealed");
            await Eventually.HoldsAsync(() => distrustful.Fault == "does not answer", "the unknown authority is refused");
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_error_answer_is_an_exception_with_its_code()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync();
        await SayAsync(redis, "SET", "text", "x");

        (await Should.ThrowAsync<RedisRefusedException>(() => SayAsync(redis, "LPUSH", "text", "y"))).Code.ShouldBe("WRONGTYPE");
    }

    [Theory]
    [InlineData("redis://localhost", "redis://localhost:6379/0")]
    [InlineData("redis://u:s3cret@h:7000/2", "redis://h:7000/2")]
    [InlineData("rediss://:s3cret@[::1]:7000", "rediss://[::1]:7000/0")]
    public void An_address_shows_no_credentials(string text, string shown) => RedisUrl.Parse(text, out _)!.ToString().ShouldBe(shown);

    [Theory]
    [InlineData("s3cret")]
    [InlineData("http://u:s3cret@h")]
    [InlineData("redis://u:s3cret@h/x")]
    [InlineData("redis://u:s3cret@h/10000")]
    [InlineData("redis://u:s3cret@h?db=1")]
    [InlineData("redis://s3cret@h")]
    [InlineData("redis://u:@s3cret")]
    public void What_is_no_address_is_refused_without_being_repeated(string text)
    {
        RedisUrl.Parse(text, out var error).ShouldBeNull();

        error.ShouldNotBeNull().ShouldNotContain("s3cret");
    }

    private static Task<RespValue> SayAsync(RedisClient redis, string name, params string[] arguments) =>
        redis.SendAsync(RedisCommand.Of(name, [.. arguments.Select(argument => (RedisArgument)argument)]), CancellationToken.None);

    private static X509Certificate2 SignFor(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
        return X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert));
    }
}
