using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Auth;

/// <summary><c>/admin/keys</c>: for an operator who will not wait until the key is old.</summary>
internal static class KeyApi
{
    // Not .Writes(): what is changed is the folder. Asked twice, the second is refused, for the next key is too young.
    public static void MapKeys(this IEndpointRouteBuilder routes) => routes.MapPost("/admin/keys/rotate", RotateAsync).RequireAdmin()
        .WithSummary("Let the next key sign, and make another").Answers<KeyIds>(200, "The names of the keys as they are now.").Refuses(409, 503);

    private static async Task<IResult> RotateAsync(Caller caller, KeyRotation rotation, SigningKeys keys, CancellationToken ct) =>
        await rotation.RotateAsync(caller.Id, ct) is { } refusal
            ? refusal.ToResult()
            : Results.Json(KeyIds.Of(keys.Keys), StrictJson.Options);

    /// <summary>Names only, as they stand in tokens and in the JWK Set.</summary>
    private sealed record KeyIds(string Signing, string? Next, IReadOnlyList<string> Retired) : IExample<KeyIds>
    {
        public static KeyIds Example { get; } = new("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW", []);

        public static KeyIds Of(KeySet keys) => new(keys.Signing.Id, keys.Next?.Id, [.. keys.Retired.Select(key => key.Id)]);
    }
}
