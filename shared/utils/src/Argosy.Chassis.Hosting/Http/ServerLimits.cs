using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Argosy.Chassis.Hosting;

/// <summary>What a client may ask of the server before any of our code runs.</summary>
internal static class ServerLimits
{
    public const long Body = 256 * 1024;

    public static void Apply(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = Body;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 64;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.MaxConcurrentConnections = 4096;

        // Longer than HttpClient keeps an idle connection, or a client would send into one that is just being closed.
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }
}
