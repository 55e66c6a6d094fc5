using System.Threading.RateLimiting;

namespace Argosy.Chassis.RateLimiting;

/// <summary>
/// Whether the tokens were taken. A refusal says when they would be there (<see cref="MetadataName.RetryAfter"/>), and whoever has counted
/// says how many are left (<see cref="RateLimit.Remaining"/>).
/// </summary>
internal sealed class BucketLease(TimeSpan? wait, long? remaining) : RateLimitLease
{
    /// <summary>Nobody has counted: the bucket is where it cannot be asked.</summary>
    public static BucketLease Uncounted { get; } = new(null, null);

    public override bool IsAcquired => wait is null;

    public override IEnumerable<string> MetadataNames =>
    [
        .. wait is null ? Array.Empty<string>() : [MetadataName.RetryAfter.Name],
        .. remaining is null ? Array.Empty<string>() : [RateLimit.Remaining.Name],
    ];

    public override bool TryGetMetadata(string metadataName, out object? metadata)
    {
        metadata = metadataName == MetadataName.RetryAfter.Name ? wait : metadataName == RateLimit.Remaining.Name ? remaining : null;
        return metadata is not null;
    }
}
