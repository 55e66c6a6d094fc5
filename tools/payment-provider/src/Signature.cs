using System.Security.Cryptography;
using System.Text;

namespace Argosy.PaymentProvider;

/// <summary>Stripe's webhook signature: <c>t=SECONDS,v1=HEX(HMAC-SHA256(secret, "SECONDS." + body))</c>.</summary>
internal static class Signature
{
    public static string Of(ReadOnlySpan<byte> body, string secret, DateTimeOffset now)
    {
        var timestamp = now.ToUnixTimeSeconds();
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes($"{timestamp}."));
        hmac.AppendData(body);
        return $"t={timestamp},v1={Convert.ToHexStringLower(hmac.GetHashAndReset())}";
    }
}
