using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>How a service gets the issuer's keys, keeps them, and notices new ones.</summary>
public sealed class KeyRingTests
{
    private static readonly RSA NextKey = RSA.Create(2048);

    private static Forge Next { get; } = new(NextKey) { KeyId = IssuerKey.Of(NextKey).Id };

    [Fact]
    public async Task A_service_is_ready_only_once_the_issuer_has_given_its_keys()
    {
        await using var issuer = await IssuerHost.StartAsync();
        issuer.Away = true;
        await using var host = await GuardedHost.StartAsync(issuer);
        await Eventually.HoldsAsync(() => issuer.Hits >= 2, "a second attempt came");

        (await host.IsReadyAsync()).ShouldBeFalse();
        using var tooEarly = await host.GetAsync("/me", Forge.Good.Token());
        tooEarly.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);   // 401 would send the customer to log in again
        tooEarly.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));

        issuer.Away = false;
        await host.ReadyAsync();
        (await host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.OK);

        // Said once; the further attempts are for who looks closely.
        var troubles = host.Logs.Lines.Where(line => line.Contains("could not be fetched", StringComparison.Ordinal)).ToList();
        troubles[0].ShouldStartWith("Information");
        troubles.Skip(1).ShouldAllBe(line => line.StartsWith("Debug", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_without_keys_asks_four_times_a_second_however_long_the_issuer_has_been_away()
    {
        var time = new FakeTime();
        var issuer = new AwayIssuer();
        using var ring = new KeyRing(issuer, new IdentityOptions { Issuer = "http://issuer", Jwks = new Uri("http://issuer/keys") }, time, NullLogger<KeyRing>.Instance);
        await ring.StartAsync(TestContext.Current.CancellationToken);
        var quarters = 0;
        await Eventually.HoldsAsync(
            () =>
            {
                // One timer: its pause, or, for a moment, the deadline of its question. Then a quarter passes in vain.
                if (issuer.Asked < 60 * 4 && time.Waiting == 1)
                {
                    time.Advance(TimeSpan.FromMilliseconds(250));
                    quarters++;
                }

                return issuer.Asked >= 60 * 4;
            },
            "the ring has asked for a minute", TimeSpan.FromSeconds(60));

        await ring.StopAsync(TestContext.Current.CancellationToken);
        quarters.ShouldBeLessThan(60 * 4 * 3 / 2);
    }

    private sealed class AwayIssuer : IKeySource
    {
        public int Asked { get; private set; }

        public Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken cancellationToken)
        {
            Asked++;
            throw new KeySourceException("away");
        }
    }

    [Fact]
    public async Task Keys_stay_good_while_the_issuer_is_away()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefreshEvery = TimeSpan.FromMilliseconds(50) });
        await host.ReadyAsync();

        issuer.Away = true;
        var before = issuer.Hits;
        await Eventually.HoldsAsync(() => issuer.Hits > before, "a refresh failed");

        (await host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.OK);
        (await host.IsReadyAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task An_unknown_key_makes_one_fetch_however_many_tokens_name_it()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.FromHours(1) });
        await host.ReadyAsync();
        var before = issuer.Hits;

        var tokens = Enumerable.Range(0, 50).Select(i => Forge.Good.With(h => h["kid"] = $"unknown-{i}"));
        var statuses = await Task.WhenAll(tokens.Select(t => host.StatusAsync(t)));

        statuses.ShouldAllBe(s => s == HttpStatusCode.Unauthorized);
        issuer.Hits.ShouldBe(before);   // the fetch at start was a moment ago
    }

    [Fact]
    public async Task A_new_key_is_found_when_the_first_token_names_it()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.Zero });
        await host.ReadyAsync();
        var oldToken = Forge.Good.Token();
        (await host.StatusAsync(oldToken)).ShouldBe(HttpStatusCode.OK);

        issuer.Document = Forge.Jwks(Forge.Ours, NextKey);

        (await host.StatusAsync(Next.Token())).ShouldBe(HttpStatusCode.OK);
        (await host.StatusAsync(oldToken)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_withdrawn_key_takes_what_it_signed_along_though_it_was_remembered()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.Zero });
        await host.ReadyAsync();
        var token = Forge.Good.Token();
        (await host.StatusAsync(token)).ShouldBe(HttpStatusCode.OK);
        host.Check.Cache.Count.ShouldBe(1);

        issuer.Document = Forge.Jwks(NextKey);
        (await host.StatusAsync(Next.Token())).ShouldBe(HttpStatusCode.OK);

        (await host.StatusAsync(token)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Urls_in_a_token_are_never_asked()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var attacker = await IssuerHost.StartAsync();
        attacker.Document = Forge.Jwks(Forge.Theirs);
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.Zero });
        await host.ReadyAsync();
        var forge = new Forge(Forge.Theirs) { KeyId = IssuerKey.Of(Forge.Theirs).Id };

        foreach (var member in (string[])["jku", "x5u", "kid"])
        {
            (await host.StatusAsync(forge.With(h => h[member] = attacker.Jwks.ToString()))).ShouldBe(HttpStatusCode.Unauthorized);
        }

        attacker.Hits.ShouldBe(0);
    }

    [Fact]
    public async Task A_broken_key_document_leaves_the_keys_as_they_were()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.Zero });
        await host.ReadyAsync();

        foreach (var broken in (string[])["", "[]", "{}", """{"keys":[]}""", """{"keys":[{"kty":"RSA","kid":"a","n":null,"e":"AQAB"}]}""",
            """{"keys":[{"kty":"RSA","kid":"a","n":"!!","e":"AQAB"}]}""", """{"keys":[1]}""", """{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AQAB","y":"AQAB"}]}""", Forge.Jwks(Forge.Ours, Forge.Ours), new string(' ', 100_000)])
        {
            issuer.Document = broken;
            var hits = issuer.Hits;
            (await host.StatusAsync(Next.Token())).ShouldBe(HttpStatusCode.Unauthorized);
            issuer.Hits.ShouldBe(hits + 1);
            (await host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task A_key_from_a_file_goes_by_its_thumbprint_and_nobody_is_asked()
    {
        await using var issuer = await IssuerHost.StartAsync();
        using var folder = new TemporaryFolder();
        var path = folder.File("issuer.pem", Forge.Ours.ExportSubjectPublicKeyInfoPem());
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { PublicKeyPath = path });
        await host.ReadyAsync();

        (await host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.OK);
        (await host.StatusAsync(Next.Token())).ShouldBe(HttpStatusCode.Unauthorized);
        issuer.Hits.ShouldBe(0);
    }

    [Fact]
    public async Task A_key_on_p_256_from_a_file_is_for_es256()
    {
        await using var issuer = await IssuerHost.StartAsync();
        using var folder = new TemporaryFolder();
        var es256 = Forge.All.Single(forge => forge.Algorithm == "ES256");
        var path = folder.File("issuer.pem", es256.Key.ExportSubjectPublicKeyInfoPem());
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { PublicKeyPath = path });
        await host.ReadyAsync();

        (await host.StatusAsync(es256.Token())).ShouldBe(HttpStatusCode.OK);
        (await host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public void Keys_of_a_set_that_are_not_for_us_are_left_out()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var point = p384.ExportParameters(includePrivateParameters: false).Q;
        var others = $$"""
            {"kty":"RSA","alg":"RS512","kid":"a","n":"AQAB","e":"AQAB"}, {"kty":"RSA","use":"enc","kid":"b","n":"AQAB","e":"AQAB"},
            {"kty":"EC","crv":"P-384","kid":"c","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"},
            {"kty":"EC","crv":"P-256","alg":"RS256","kid":"d"}, {"kty":"oct","kid":"e","k":"AQAB"}, {"kty":"OKP","crv":"Ed25519","kid":"f","x":"AQAB"},
            """;
        var set = Forge.Jwks(Forge.All.Select(forge => forge.Public)).Replace("\"keys\":[", $"\"keys\":[{others}", StringComparison.Ordinal);

        var keys = IssuerKey.FromJwks(Encoding.UTF8.GetBytes(set));

        keys.Select(key => (key.Id, key.Algorithm)).ShouldBe(Forge.All.Select(forge => (forge.KeyId, forge.Algorithm)));
    }

    [Fact]
    public async Task A_name_that_moves_to_another_key_takes_what_the_first_signed_along()
    {
        await using var issuer = await IssuerHost.StartAsync();
        await using var host = await GuardedHost.StartAsync(GuardedHost.Options(issuer) with { RefetchAfter = TimeSpan.Zero });
        await host.ReadyAsync();
        var token = Forge.Good.Token();
        (await host.StatusAsync(token)).ShouldBe(HttpStatusCode.OK);

        issuer.Document = Forge.Jwks([IssuerKey.Of(Forge.Ours, "PS256")]);
        (await host.StatusAsync(Next.Token())).ShouldBe(HttpStatusCode.Unauthorized);     // and the set is fetched

        (await host.StatusAsync(token)).ShouldBe(HttpStatusCode.Unauthorized);
        (await host.StatusAsync(new Forge(Forge.Ours, "PS256").Token())).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public void Wrong_settings_are_sentences()
    {
        using var folder = new TemporaryFolder();
        using var small = RSA.Create(1024);
        using var otherCurve = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        ErrorsOf(("JWT_ISSUER", Forge.Issuer)).ShouldBeEmpty();
        ErrorsOf().ShouldHaveSingleItem().ShouldStartWith("JWT_ISSUER is missing");
        ErrorsOf(("JWT_ISSUER", "argosy")).ShouldHaveSingleItem().ShouldStartWith("JWT_ISSUER is 'argosy'");
        ErrorsOf(("JWT_ISSUER", Forge.Issuer), ("SERVICE_ENDPOINTS", "user-service=http://127.0.0.1:1"))
            .ShouldHaveSingleItem().ShouldStartWith("SERVICE_ENDPOINTS has no entry for auth-service");
        ErrorOfKey(folder.File("private.pem", Forge.Ours.ExportPkcs8PrivateKeyPem())).ShouldContain("it holds a private key");
        ErrorOfKey(folder.File("small.pem", small.ExportSubjectPublicKeyInfoPem())).ShouldContain("1024 bits");
        ErrorOfKey(folder.File("curve.pem", otherCurve.ExportSubjectPublicKeyInfoPem())).ShouldContain("not on the curve P-256");
        ErrorOfKey(folder.File("text.pem", "hello")).ShouldContain("not one public key");
    }

    private static string ErrorOfKey(string path) =>
        ErrorsOf(("JWT_ISSUER", Forge.Issuer), ("JWT_PUBLIC_KEY_PATH", path)).ShouldHaveSingleItem();

    private static IReadOnlyList<string> ErrorsOf(params (string Name, string Value)[] environment)
    {
        var values = environment.ToDictionary(e => e.Name, e => (string?)e.Value, StringComparer.Ordinal);
        var settings = new Settings(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        IdentityOptions.Read(settings, ServiceOptions.Read(settings, "test-service"));
        return settings.Errors;
    }

    // RFC 7638 §3.1.
    [Fact]
    public void Keys_are_named_as_the_rfc_does()
    {
        const string modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W"
            + "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt"
            + "-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars(modulus),
            Exponent = [1, 0, 1],
        });

        IssuerKey.Of(rsa).Id.ShouldBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    // The key of RFC 9449 §4.2, and its thumbprint in §6.1.
    [Fact]
    public void Keys_on_a_curve_are_named_as_the_rfc_does()
    {
        using var ec = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Base64Url.DecodeFromChars("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
                Y = Base64Url.DecodeFromChars("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"),
            },
        });

        IssuerKey.Of(ec).Id.ShouldBe("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }
}

internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("argosy-");

    public string Path => _folder.FullName;

    public string File(string name, string text)
    {
        var path = System.IO.Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
