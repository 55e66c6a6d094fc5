using System.Globalization;
using Argosy.Chassis;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// Lets the next key sign, when an administrator asks, the key is old enough or another algorithm is asked for. No token is refused for it, whoever is killed when:
/// <list type="number">
/// <item>Claim the lease: one instance rotates at a time.</item>
/// <item>Look at the folder. Unless the next key has been published for longer than anybody takes to fetch the set, refuse.</item>
/// <item>Copy the signing key to the retired ones. It is on disk before anything can replace it.</item>
/// <item>Commit the audit record, fenced by the lease: who was stopped past its time and goes on ends here, and the folder is as good as
/// before. A rotation that is killed behind this is in the audit without having taken place.</item>
/// <item>Rename the next key to be the signing one. One rename: there is never none, and what is signed from here on is by a key that
/// everybody has.</item>
/// <item>Make and publish another next key.</item>
/// <item>Delete keys that retired more than a day ago, and what was left half written.</item>
/// </list>
/// What a death leaves undone, the next start does (<see cref="KeyFolder.Open"/>), or this loop within a minute. Other instances sign with
/// the old key until they look, within a minute; it is published for a day.
/// </summary>
internal sealed partial class KeyRotation(
    KeyFolder folder, SigningKeys keys, KeyOptions options, IStore store, TimeProvider time, ILogger<KeyRotation> log) : BackgroundService
{
    private const string Self = "auth-service";
    private static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private static readonly Problem Busy = Problem.Conflict("keys.busy", "Another instance is about to rotate, or died at it; ask again in a minute.") with { RetryAfter = LeaseTime };

    /// <summary>Null: it is done.</summary>
    public async Task<Problem?> RotateAsync(string actor, CancellationToken ct)
    {
        if (await store.ClaimAsync("keys", Ids.New(time), LeaseTime, ct) is not { } lease)
        {
            return Busy;
        }

        try
        {
            keys.Look();
            return TooEarly() ?? await AdvanceAsync(actor, keys.Keys, lease, ct);
        }
        finally
        {
            await ReleaseAsync(lease);
        }
    }

    /// <summary>What is done every minute.</summary>
    internal async Task LookAsync(CancellationToken ct)
    {
        try
        {
            keys.Look();
            if (IsDue && await RotateAsync(Self, ct) is { } refusal)
            {
                NotYet(refusal.Detail);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConfigurationException or CommitException || store.IsTransient(e))
        {
            CouldNot(e.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(KeyOptions.LookEvery, time, stoppingToken);
            await LookAsync(stoppingToken);
        }
    }

    // The next key is made when the one before begins to sign, so its age is the time for which that one has. None: one died at it. And
    // whose algorithm is asked for signs as soon as it may.
    private bool IsDue => keys.Keys.Next is not { } next || (options.RotateEvery is { } age && next.Made + age <= time.GetUtcNow())
        || (next.Algorithm == options.Algorithm && keys.Keys.Signing.Algorithm != options.Algorithm);

    private Problem? TooEarly()
    {
        if (keys.Keys.Next is null)
        {
            folder.MakeNext();
            keys.Look();
        }

        var left = options.PublishFor - keys.NextPublished;
        if (left <= TimeSpan.Zero)
        {
            return null;
        }

        var detail = string.Create(
            CultureInfo.InvariantCulture,
            $"The next key must be published for {options.PublishFor.TotalSeconds:0} s before it signs, so that every service has it; {Math.Ceiling(left.TotalSeconds):0} s are left.");
        return Problem.Conflict("keys.next-too-young", detail) with { RetryAfter = left };
    }

    private async Task<Problem?> AdvanceAsync(string actor, KeySet before, Lease lease, CancellationToken ct)
    {
        folder.Retire(before.Signing);
        if (!await AuditAsync(actor, before, lease, ct))
        {
            return Busy;
        }

        folder.Promote();
        folder.MakeNext();
        folder.ForgetOld();
        keys.Look();
        return null;
    }

    private async Task<bool> AuditAsync(string actor, KeySet before, Lease lease, CancellationToken ct)
    {
        var work = new WriteSet(new MessageContext(Ids.New(time), Self, new MessageHeaders()), time.GetUtcNow());
        work.Fence(lease);
        work.Audit(actor, "keys.rotate", before.Next!.Id, $"instead of {before.Signing.Id}");
        var outcome = await store.CommitAsync(work, ct);
        if (outcome.Result == CommitResult.Conflict)
        {
            return false;
        }

        outcome.Ensure();
        Failpoints.Hit("keys.audited");
        return true;
    }

    private async Task ReleaseAsync(Lease lease)
    {
        using var deadline = new CancellationTokenSource(Farewell, time);
        try
        {
            await store.ReleaseAsync(lease, deadline.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or CommitException || store.IsTransient(e))
        {
            // It runs out by itself.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The signing key is to be rotated, and is not yet: {Reason}")]
    private partial void NotYet(string reason);

    [LoggerMessage(2, LogLevel.Warning, "The signing keys could not be looked at or rotated, and stay as they are: {Reason}")]
    private partial void CouldNot(string reason);
}
