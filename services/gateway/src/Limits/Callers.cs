using System.Net;
using System.Net.Sockets;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Gateway.Limits;

/// <summary>Who is counted: a user whom a good token proves, else an address. A token that is not good is no reason to refuse here; services do.</summary>
/// <param name="tokens">Null where nobody need be known.</param>
internal sealed class Callers(TokenCheck? tokens)
{
    private const int NetworkBytes = 8;

    public async ValueTask<string> NameAsync(HttpContext context) =>
        tokens is not null && await tokens.CallerOfAsync(context) is { } user ? $"user:{user.Id}" : Address(context.Connection.RemoteIpAddress);

    /// <summary>The other end of the connection, or whom a proxy that we trust names. Of IPv6 the /64: one customer has all of it.</summary>
    public static string Address(IPAddress? address)
    {
        if (address is not { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
        {
            return $"address:{(address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)}";
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return $"address:{new IPAddress(bytes)}/64";
    }
}
