using System.Buffers.Text;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Auth;

/// <summary>An access token that somebody asks about, or wants ended: one of ours that is good.</summary>
internal sealed record PresentedToken(Caller Caller, JsonElement Claims)
{
    public string Client => Text("client_id")!;

    /// <summary>Null where it is none of ours, or has expired.</summary>
    public static async Task<PresentedToken?> CheckAsync(HttpContext http, string token, CancellationToken ct)
    {
        if (await http.CheckTokenAsync(token, ct) is not { } caller)
        {
            return null;
        }

        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
        return new PresentedToken(caller, claims.RootElement.Clone());
    }

    public string? Text(string name) => Claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public long Number(string name) => Claims.GetProperty(name).GetInt64();
}
