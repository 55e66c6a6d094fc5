using Argosy.Chassis.Hosting;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>What may stand in the file that declares clients.</summary>
public sealed class ClientRuleTests
{
    private const string Whole = """{ "clients": [ { "id": "shop", "name": "Shop", "grants": ["authorization_code"], "redirectUris": ["https://shop.example/back"], "scopes": ["api"] } ] }""";

    [Fact]
    public void What_is_built_in_and_what_is_whole_is_taken()
    {
        Read(null).ShouldBeEmpty();
        Read(Whole).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("\"shop\"", "\"Shop!\"", "client 'Shop!' needs an id")]
    [InlineData("\"Shop\"", "\"\"", "needs a name")]
    [InlineData("authorization_code", "password", "needs grants of")]
    [InlineData("\"authorization_code\"", "\"authorization_code\", \"client_credentials\"", "needs a publicKey")]
    [InlineData("authorization_code", "refresh_token", "needs authorization_code beside refresh_token")]
    [InlineData("\"api\"", "\"everything\"", "needs scopes of")]
    [InlineData("https://shop.example/back", "http://shop.example/back", "which is http")]
    [InlineData("https://shop.example/back", "https://shop.example/back#x", "which has a fragment")]
    [InlineData("https://shop.example/back", "https://me@shop.example/back", "which has user information")]
    [InlineData("https://shop.example/back", "shop:/back", "which has a scheme")]
    [InlineData("https://shop.example/back", "back", "which is no absolute URI")]
    [InlineData("\"name\"", "\"nmae\"", "not the JSON that is expected")]
    [InlineData("\"scopes\"", "\"publicKey\": \"nowhere.pem\", \"scopes\"", "nowhere.pem")]
    public void What_is_wrong_is_named_with_its_client(string whole, string broken, string says) =>
        Read(Whole.Replace(whole, broken, StringComparison.Ordinal)).ShouldContain(error => error.StartsWith("AUTH_CLIENTS is '", StringComparison.Ordinal) && error.Contains(says, StringComparison.Ordinal));

    [Fact]
    public void A_client_is_there_once() =>
        Read(Whole.Replace(" ] }", $", {Whole[(Whole.IndexOf("[ {", StringComparison.Ordinal) + 2)..Whole.LastIndexOf(" ] }", StringComparison.Ordinal)]} ] }}", StringComparison.Ordinal))
            .ShouldContain(error => error.Contains("client 'shop' is there 2 times", StringComparison.Ordinal));

    [Fact]
    public void A_private_key_has_no_place_there()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        Should.Throw<FormatException>(() => ClientKey.FromPem(key.ExportPkcs8PrivateKeyPem())).Message.ShouldContain("private");
        Should.Throw<FormatException>(() => ClientKey.FromPem("nonsense"));
    }

    private static IReadOnlyList<string> Read(string? json)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-clients-").FullName;
        var path = Path.Combine(folder, "clients.json");
        File.WriteAllText(path, json ?? "");
        var settings = new Settings(new ConfigurationBuilder().AddInMemoryCollection(json is null ? [] : [KeyValuePair.Create("AUTH_CLIENTS", (string?)path)]).Build());
        Clients.Read(settings, "https://argosy.example");
        Directory.Delete(folder, recursive: true);
        return settings.Errors;
    }
}
