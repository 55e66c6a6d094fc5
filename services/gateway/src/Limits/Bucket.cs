using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.RateLimiting;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.RateLimiting;

namespace Argosy.Gateway.Limits;

/// <summary>What a bucket said to one request.</summary>
/// <param name="Wait">Null when the request may pass, else how long until one may.</param>
/// <param name="Remaining">How many may follow at once; null where nobody has counted.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Drawn(TimeSpan? Wait, long? Remaining);

/// <summary>
/// The buckets of one quota, a bucket for each caller. While Redis is away reads pass uncounted, where they may; everything else is then
/// counted by each gateway for itself.
/// </summary>
internal sealed class Bucket : IDisposable
{
    private readonly PartitionedRateLimiter<string> _reads;
    private readonly PartitionedRateLimiter<string> _writes;
    private readonly TimeSpan _each;

    public Bucket(Quota quota, RateLimiters limiters, bool readsMayPass)
    {
        var limit = new RateLimit(quota.Name, quota.Requests, quota.Requests / quota.Window.TotalSeconds, WhenAway.LimitLocally);
        _each = quota.Window / quota.Requests;
        _writes = limiters.Of(limit);
        _reads = readsMayPass && limiters.AreShared ? limiters.Of(limit with { WhenAway = WhenAway.LetThrough }) : _writes;
        Name = quota.Name;
        Policy = string.Create(CultureInfo.InvariantCulture, $"\"{Name}\";q={quota.Requests};w={quota.Window.TotalSeconds:0}");
    }

    public string Name { get; }

    /// <summary>The item of <c>RateLimit-Policy</c>.</summary>
    public string Policy { get; }

    public async ValueTask<Drawn> DrawAsync(string caller, bool isRead, CancellationToken gone)
    {
        using var lease = await (isRead ? _reads : _writes).AcquireAsync(caller, 1, gone);
        return new Drawn(
            lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : lease.IsAcquired ? null : _each,
            lease.TryGetMetadata(RateLimit.Remaining, out var left) ? left : null);
    }

    /// <summary>
    /// The item of <c>RateLimit</c>; null where nobody has counted. Its <c>t</c> is the time over which what is left may be spread so that
    /// it never ends: a client that divides one by the other finds the rate that the quota allows, and not that of a burst.
    /// </summary>
    public string? Limit(Drawn drawn) => drawn.Remaining is not { } left ? null : string.Create(
        CultureInfo.InvariantCulture, $"\"{Name}\";r={left};t={Math.Ceiling((drawn.Wait ?? (_each * Math.Max(1, left))).TotalSeconds):0}");

    public void Dispose()
    {
        _reads.Dispose();
        _writes.Dispose();
    }
}
