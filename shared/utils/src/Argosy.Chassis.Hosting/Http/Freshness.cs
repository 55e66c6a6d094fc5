using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Hybrid;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// How fresh an answer has to be; binds as a parameter of an endpoint. <c>Cache-Control: no-cache</c> asks for what is so now (RFC 9111
/// §5.2.1.4): whoever decides by the answer asks like this, and nothing of a cache is in it.
/// </summary>
public sealed class Freshness
{
    private static readonly HybridCacheEntryOptions Past = new()
    {
        Flags = HybridCacheEntryFlags.DisableLocalCacheRead | HybridCacheEntryFlags.DisableDistributedCacheRead,
    };

    private Freshness(HybridCacheEntryOptions? options) => Options = options;

    /// <summary>What a cache has will do.</summary>
    public static Freshness Any { get; } = new(null);

    /// <summary>As it is now.</summary>
    public static Freshness Now { get; } = new(Past);

    /// <summary>What to ask the cache with.</summary>
    public HybridCacheEntryOptions? Options { get; }

    /// <summary>Reads the header.</summary>
    public static ValueTask<Freshness> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult(context.Request.GetTypedHeaders().CacheControl is { NoCache: true } ? Now : Any);
}
