using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Auth;

/// <summary><c>/admin/keys</c>: for an operator who will not wait until the key is old.</summary>
internal static class KeyApi
{
    // Not .Writes(): what is changed is the folder. Asked twice, the second is refused, for the next key is too young.
    public static void MapKeys(this IEndpointRouteBuilder routes) => routes.MapPost("/admin/keys/rotate", RotateAsync).RequireAdmin();

    private static async Task<IResult> RotateAsync(Caller caller, KeyRotation rotation, SigningKeys keys, CancellationToken ct) =>
        await rotation.RotateAsync(caller.Id, ct) is { } refusal
            ? refusal.ToResult()
            : Results.Json(KeyIds.Of(keys.Keys), StrictJson.Options);

    /// <summary>Names only, as they stand in tokens and in the JWK Set.</summary>
    private sealed record KeyIds(string Signing, string? Next, IReadOnlyList<string> Retired)
    {
        public static KeyIds Of(KeySet keys) => new(keys.Signing.Id, keys.Next?.Id, [.. keys.Retired.Select(key => key.Id)]);
    }
}
