using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Auth;

/// <summary>What clients and services may know without asking anybody: keys, and which endpoints work.</summary>
internal static class Discovery
{
    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        var wellKnown = routes.MapGroup("").AllowAnonymous();
        wellKnown.MapGet(IdentityOptions.JwksPath, (SigningKey key, HttpResponse response) =>
            Public(response, new KeySet([key.Public.ToJwk()])));

        // The same values in both, as RFC 9068 §4 wants; what does not work yet is not listed, though OpenID Connect would require it.
        wellKnown.MapGet("/.well-known/oauth-authorization-server", (AuthOptions options, HttpResponse response) => Public(response, Metadata.Of(options)));
        wellKnown.MapGet("/.well-known/openid-configuration", (AuthOptions options, HttpResponse response) => Public(response, Metadata.Of(options)));
    }

    private static IResult Public<T>(HttpResponse response, T body)
    {
        response.Headers.CacheControl = "public, max-age=300";
        return Results.Json(body, StrictJson.Options);
    }

    private sealed record KeySet(IReadOnlyList<IReadOnlyDictionary<string, string>> Keys);

    /// <summary>RFC 8414 §2.</summary>
    private sealed record Metadata(
        [property: JsonPropertyName("issuer")] string Issuer,
        [property: JsonPropertyName("jwks_uri")] string Jwks,
        [property: JsonPropertyName("token_endpoint")] string Token,
        [property: JsonPropertyName("revocation_endpoint")] string Revocation,
        [property: JsonPropertyName("grant_types_supported")] IReadOnlyList<string> Grants,
        [property: JsonPropertyName("response_types_supported")] IReadOnlyList<string> Responses,
        [property: JsonPropertyName("scopes_supported")] IReadOnlyList<string> Scopes,
        [property: JsonPropertyName("token_endpoint_auth_methods_supported")] IReadOnlyList<string> TokenAuthentication,
        [property: JsonPropertyName("revocation_endpoint_auth_methods_supported")] IReadOnlyList<string> RevocationAuthentication)
    {
        public static Metadata Of(AuthOptions options)
        {
            var at = options.Issuer.TrimEnd('/');
            return new Metadata(
                options.Issuer, at + IdentityOptions.JwksPath, at + "/connect/token", at + "/connect/revocation",
                ["refresh_token"], [], [AccessTokens.Scope], ["none"], ["none"]);
        }
    }
}
