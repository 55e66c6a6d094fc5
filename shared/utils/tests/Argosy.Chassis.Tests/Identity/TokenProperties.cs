using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>Whatever is sent, the answer is a verdict: never an exception, and never yes to what was not signed.</summary>
public sealed class TokenProperties : IAsyncLifetime
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly RSA Short = RSA.Create(2048);   // 256 bytes leave four unused bits in the last character

    private KeyRing _ring = null!;
    private TokenCheck _check = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new IdentityOptions { Issuer = Forge.Issuer, Jwks = new Uri(Forge.Issuer), CacheSize = 4 };
        _ring = new KeyRing(new FixedKeys([IssuerKey.Of(Forge.Ours), IssuerKey.Of(Short), .. Forge.All.Skip(1).Select(forge => forge.Public)]), options, TimeProvider.System, NullLogger<KeyRing>.Instance);
        _check = new TokenCheck(_ring, options, TimeProvider.System);
        await _ring.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => _ring.HasKeys, "keys came");
    }

    public async ValueTask DisposeAsync()
    {
        await _ring.StopAsync(CancellationToken.None);
        _ring.Dispose();
    }

    public static TheoryData<string> Algorithms => [.. Forge.All.Select(forge => forge.Algorithm)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_token_has_one_spelling(string algorithm)
    {
        var forge = algorithm == "RS256" ? Forge.Named(Short, algorithm) : Forge.All.Single(f => f.Algorithm == algorithm);
        var token = forge.Token();
        (await VerdictAsync(token)).Fault.ShouldBe(TokenFault.None);

        var change = from at in Gen.Choose(0, token.Length - 1)
                     from c in Gen.Elements(Alphabet.ToCharArray())
                     select (at, c);
        Prop.ForAll(change.ToArbitrary(), async x =>
            token[x.at] == x.c || token[x.at] == '.' || await IsRefusedAsync(token[..x.at] + x.c + token[(x.at + 1)..]))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

        // Every other spelling of the last character's unused bits, not only those that chance picks.
        foreach (var c in Alphabet.Where(c => c != token[^1]))
        {
            (await IsRefusedAsync(token[..^1] + c)).ShouldBeTrue();
        }
    }

    [Fact]
    public void Arbitrary_text_is_refused_without_an_exception() =>
        Prop.ForAll((NonNull<string> text) => IsRefusedAsync(text.Get))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    // Signed by the real key, so that every member reaches the code behind the signature.
    [Fact]
    public void Claims_of_any_type_are_refused_without_an_exception()
    {
        string[] values = ["null", "true", "\"x\"", "\"\"", "-1", "1e400", "1e18", "9999999999999999999999", "0.5", "[]", "{}", "[1,\"admin\",null]", "{\"a\":[]}"];
        var members = Forge.Claims().Select(m => m.Key).Where(k => k is not ("sid" or "scope" or "roles" or "nbf")).ToArray();
        var change = from member in Gen.Elements(members) from value in Gen.Elements(values) select (member, value);
        Prop.ForAll(change.ToArbitrary(), async x =>
        {
            var claims = Forge.Claims();
            claims[x.member] = System.Text.Json.Nodes.JsonNode.Parse(x.value);
            return await IsRefusedAsync(Forge.Good.Token(claims)) || IsFine(x.member, x.value);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public async Task The_memory_of_tokens_is_bounded()
    {
        for (var i = 0; i < 50; i++)
        {
            (await VerdictAsync(Forge.Good.Token())).Fault.ShouldBe(TokenFault.None);
        }

        _check.Cache.Count.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task A_remembered_token_ends_when_its_life_does()
    {
        var dying = Forge.Good.With(claims: c => c["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - (int)TokenCheck.ClockSkew.TotalSeconds + 2);
        (await VerdictAsync(dying)).Fault.ShouldBe(TokenFault.None);

        await Eventually.HoldsAsync(async () => (await VerdictAsync(dying)).Fault == TokenFault.Expired, "the token was too old");
    }

    // Any text is a good name, any number a time of issue, and a lifetime may end late or be a fraction.
    private static bool IsFine(string member, string value) => member switch
    {
        "sub" or "jti" or "client_id" => value == "\"x\"",
        "iat" => double.TryParse(value, out _),
        "exp" => value is "1e18" or "1e400" or "9999999999999999999999",
        _ => false,
    };

    private async Task<TokenVerdict> VerdictAsync(string token) => await _check.CheckAsync(token, CancellationToken.None);

    private async Task<bool> IsRefusedAsync(string token) => (await VerdictAsync(token)).Caller is null;

    private sealed class FixedKeys(IReadOnlyList<IssuerKey> keys) : IKeySource
    {
        public Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct) => Task.FromResult(keys);
    }
}
