using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>What clients and services may know without asking anybody: keys, and which endpoints work.</summary>
internal static class Discovery
{
    /// <summary>How old an answer may get in caches.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        var wellKnown = routes.MapGroup("").AllowAnonymous().ServedAs(Priority.Checkout);      // who cannot get the keys can check nobody
        wellKnown.MapGet(IdentityOptions.JwksPath, (SigningKeys keys, HttpResponse response) =>
            Public(response, new JwkSet([.. keys.Keys.All.Select(key => key.Public.ToJwk())])))
            .WithName("jwks").WithSummary("The keys that tokens are signed with (RFC 7517)").Answers<JwkSet>(200, "Public keys.");

        // The same values in both, as RFC 9068 §4 wants; only what works is listed.
        wellKnown.MapGet("/.well-known/oauth-authorization-server", (AuthOptions options, SigningKeys keys, HttpResponse response) => Public(response, Metadata.Of(options, keys.Keys)))
            .WithName("authorizationServer").WithSummary("Which endpoints work, and how (RFC 8414)").Answers<Metadata>(200, "The metadata.");
        wellKnown.MapGet("/.well-known/openid-configuration", (AuthOptions options, SigningKeys keys, HttpResponse response) => Public(response, Metadata.Of(options, keys.Keys)))
            .WithName("openIdConfiguration").WithSummary("The same for OpenID Connect (Discovery §3)").Answers<Metadata>(200, "The metadata.");
    }

    private static IResult Public<T>(HttpResponse response, T body)
    {
        response.Headers.CacheControl = $"public, max-age={(int)MaxAge.TotalSeconds}";
        return Results.Json(body, StrictJson.Options);
    }

    private sealed record JwkSet(IReadOnlyList<IReadOnlyDictionary<string, string>> Keys);

    /// <summary>RFC 8414 §2.</summary>
    private sealed record Metadata(
        [property: JsonPropertyName("issuer")] string Issuer,
        [property: JsonPropertyName("authorization_endpoint")] string Authorization,
        [property: JsonPropertyName("jwks_uri")] string Jwks,
        [property: JsonPropertyName("token_endpoint")] string Token,
        [property: JsonPropertyName("userinfo_endpoint")] string UserInfo,
        [property: JsonPropertyName("revocation_endpoint")] string Revocation,
        [property: JsonPropertyName("introspection_endpoint")] string Introspection,
        [property: JsonPropertyName("grant_types_supported")] IReadOnlyList<string> Grants,
        [property: JsonPropertyName("response_types_supported")] IReadOnlyList<string> Responses,
        [property: JsonPropertyName("scopes_supported")] IReadOnlyList<string> Scopes,
        [property: JsonPropertyName("response_modes_supported")] IReadOnlyList<string> ResponseModes,
        [property: JsonPropertyName("code_challenge_methods_supported")] IReadOnlyList<string> ChallengeMethods,
        [property: JsonPropertyName("prompt_values_supported")] IReadOnlyList<string> Prompts,
        [property: JsonPropertyName("subject_types_supported")] IReadOnlyList<string> SubjectTypes,
        [property: JsonPropertyName("id_token_signing_alg_values_supported")] IReadOnlyList<string> IdTokenAlgorithms,
        [property: JsonPropertyName("claims_supported")] IReadOnlyList<string> Claims,
        [property: JsonPropertyName("token_endpoint_auth_methods_supported")] IReadOnlyList<string> TokenAuthentication,
        [property: JsonPropertyName("token_endpoint_auth_signing_alg_values_supported")] IReadOnlyList<string> TokenAlgorithms,
        [property: JsonPropertyName("revocation_endpoint_auth_methods_supported")] IReadOnlyList<string> RevocationAuthentication,
        [property: JsonPropertyName("revocation_endpoint_auth_signing_alg_values_supported")] IReadOnlyList<string> RevocationAlgorithms,
        [property: JsonPropertyName("introspection_endpoint_auth_methods_supported")] IReadOnlyList<string> IntrospectionAuthentication,
        [property: JsonPropertyName("introspection_endpoint_auth_signing_alg_values_supported")] IReadOnlyList<string> IntrospectionAlgorithms,
        [property: JsonPropertyName("authorization_response_iss_parameter_supported")] bool TellsIssuer,
        [property: JsonPropertyName("request_parameter_supported")] bool TakesRequest,
        [property: JsonPropertyName("request_uri_parameter_supported")] bool TakesRequestUri)
    {
        private const string PrivateKeyJwt = "private_key_jwt";

        private static readonly IReadOnlyList<string> Assertions = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256];

        public static Metadata Of(AuthOptions options, KeySet keys)
        {
            var at = options.Issuer.TrimEnd('/');
            return new Metadata(
                options.Issuer, $"{at}/connect/authorize", at + IdentityOptions.JwksPath, $"{at}/connect/token", $"{at}/connect/userinfo", $"{at}/connect/revocation", $"{at}/connect/introspect",
                GrantType.All, ["code"], Scope.All, ["query"], ["S256"], ["none", "login"], ["public"], [.. keys.All.Select(key => key.Public.Algorithm).Distinct(StringComparer.Ordinal)],
                ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "email"],
                ["none", PrivateKeyJwt], Assertions, ["none", PrivateKeyJwt], Assertions, [PrivateKeyJwt], Assertions, TellsIssuer: true, TakesRequest: false, TakesRequestUri: false);
        }
    }
}
