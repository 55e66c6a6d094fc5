using System.Net;
using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Auditing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Who was refused what, for the audit trail. Only refusals come here: a request that is let in costs nothing.</summary>
public static class AuditedRefusals
{
    /// <summary>Counts a refusal of this request, by who asks, as far as that is known; in a process without an audit trail, nothing.</summary>
    /// <param name="context">The request.</param>
    /// <param name="action">As <c>thing.verb</c>.</param>
    /// <param name="reason">One of few words.</param>
    public static void CountRefusal(this HttpContext context, string action, string reason) =>
        context.RequestServices.GetService<AuditTally>()?.Count(ActorOf(context), action, $"{context.Request.Method} {RouteOf(context)}", reason);

    // As routed: what the caller has written into the path may be personal, or a page long.
    private static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    private static string ActorOf(HttpContext context) =>
        Caller.Of(context)?.Id ?? context.RequestServices.GetRequiredService<AddressNames>().Of(AddressOf(context));

    // As the gateway has seen it. Who asks a service directly may say what they like, and gains another name.
    private static IPAddress AddressOf(HttpContext context) =>
        IPAddress.TryParse(context.Request.Headers["X-Forwarded-For"].ToString(), out var told) ? told : context.Connection.RemoteIpAddress ?? IPAddress.None;
}

/// <summary>Names for network addresses, the same for the same address: who has the key can look whether it was a certain one, nobody reads one from it.</summary>
internal sealed class AddressNames(byte[] key)
{
    private const int Shown = 8;

    public string Of(IPAddress address)
    {
        var text = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        return $"address:{Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)).AsSpan(0, Shown))}";
    }
}
