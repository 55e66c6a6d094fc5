using System.Threading.RateLimiting;

namespace Argosy.Chassis.RateLimiting;

/// <summary>Whether the tokens were taken; a refusal says when they would be there (<see cref="MetadataName.RetryAfter"/>).</summary>
internal sealed class BucketLease(TimeSpan? wait) : RateLimitLease
{
    public static BucketLease Granted { get; } = new(null);

    public override bool IsAcquired => wait is null;

    public override IEnumerable<string> MetadataNames => IsAcquired ? [] : [MetadataName.RetryAfter.Name];

    public override bool TryGetMetadata(string metadataName, out object? metadata)
    {
        metadata = metadataName == MetadataName.RetryAfter.Name ? wait : null;
        return metadata is not null;
    }
}
