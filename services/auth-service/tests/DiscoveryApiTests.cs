using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>What anybody may know, from the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class DiscoveryApiTests(AuthProcess process)
{
    private readonly Front _front = process.Front;

    [Fact]
    public async Task The_published_key_verifies_what_was_signed_and_says_nothing_private()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);
        using var answer = await _front.Http.GetAsync("/.well-known/jwks.json");
        answer.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromMinutes(5));
        var keys = (await Front.JsonAsync(answer)).GetProperty("keys").EnumerateArray().ToList();
        keys.Count.ShouldBe(2);     // the one that signs, and the next
        var key = keys.Single(k => k.GetProperty("kid").GetString() == tokens.Header.GetProperty("kid").GetString());

        key.EnumerateObject().Select(p => p.Name).ShouldBe(["kty", "use", "alg", "kid", "n", "e"], ignoreOrder: true);
        var modulus = System.Buffers.Text.Base64Url.DecodeFromChars(key.GetProperty("n").GetString());
        modulus.Length.ShouldBe(3072 / 8);
        using var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = System.Buffers.Text.Base64Url.DecodeFromChars(key.GetProperty("e").GetString()) });
        var parts = tokens.Access.Split('.');
        rsa.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]),
            HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
    }

    [Fact]
    public async Task Both_discovery_documents_say_the_same_and_only_what_works()
    {
        var first = await _front.Http.GetStringAsync("/.well-known/openid-configuration");
        (await _front.Http.GetStringAsync("/.well-known/oauth-authorization-server")).ShouldBe(first);
        var metadata = JsonDocument.Parse(first).RootElement;
        metadata.GetProperty("issuer").GetString().ShouldBe(TestIssuer.Name);
        metadata.GetProperty("grant_types_supported").EnumerateArray().Select(g => g.GetString()).ShouldBe(["authorization_code", "refresh_token", "client_credentials"]);

        var endpoints = metadata.EnumerateObject().Where(p => p.Name.EndsWith("_endpoint", StringComparison.Ordinal)).Select(p => p.Value.GetString()!).ToList();
        endpoints.Count.ShouldBe(5);
        foreach (var endpoint in endpoints)
        {
            endpoint.ShouldStartWith(TestIssuer.Name + "/");
            (await _front.FormAsync(endpoint[TestIssuer.Name.Length..])).StatusCode.ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized);   // there, and asks for more
        }
    }
}
