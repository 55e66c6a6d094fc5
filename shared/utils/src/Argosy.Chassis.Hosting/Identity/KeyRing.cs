using System.Collections.Frozen;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// The issuer's keys as this process knows them: fetched at start until they are here, then at intervals, and once more when a token
/// names a key that is not known. While the issuer is away the last keys stay good.
/// </summary>
internal sealed partial class KeyRing(IKeySource source, IdentityOptions options, TimeProvider time, ILogger<KeyRing> log) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(10);

    // Who has no keys yet serves nobody: from the moment that the issuer is there, every pause is time in which a started fleet stands still.
    private static readonly TimeSpan LongestRetryWithoutKeys = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private volatile FrozenDictionary<string, IssuerKey> _keys = FrozenDictionary<string, IssuerKey>.Empty;
    private Task<bool>? _flight;
    private string? _trouble;
    private long _flightStarted;

    /// <summary>Without keys nobody can be let in, so the process is not ready.</summary>
    public bool HasKeys => _keys.Count > 0;

    /// <summary>As <c>/ready</c> shows it.</summary>
    public string? Fault => HasKeys ? null : "the token issuer's keys are not here yet";

    public IssuerKey? Find(string id) => _keys.GetValueOrDefault(id);

    /// <summary>A token named a key that is not on the ring: fetches again, unless that was done a moment ago.</summary>
    public async Task<IssuerKey?> FindAgainAsync(string id, CancellationToken ct)
    {
        await Fetch(recentIsEnough: true).WaitAsync(ct);
        return Find(id);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var failures = 0; ;)
        {
            failures = await Fetch(recentIsEnough: false).WaitAsync(stoppingToken) ? 0 : failures + 1;
            await Task.Delay(failures == 0 ? options.RefreshEvery : Backoff(failures), time, stoppingToken);
        }
    }

    // Single flight: whoever comes while a fetch is under way waits for that one.
    private Task<bool> Fetch(bool recentIsEnough)
    {
        lock (_gate)
        {
            var recent = recentIsEnough && time.GetElapsedTime(_flightStarted) < options.RefetchAfter;
            if (_flight is not null && (recent || !_flight.IsCompleted))
            {
                return _flight;
            }

            _flightStarted = time.GetTimestamp();
            return _flight = FetchOnceAsync();
        }
    }

    private async Task<bool> FetchOnceAsync()
    {
        await Task.Yield();   // out of the lock before any work
        using var deadline = new CancellationTokenSource(options.FetchTimeout, time);
        try
        {
            Put(await source.FetchAsync(deadline.Token));
            _trouble = null;
            return true;
        }
        catch (KeySourceException e)
        {
            Tell(e.Message);
            return false;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            Tell($"no answer within {options.FetchTimeout.TotalSeconds} s");
            return false;
        }
    }

    // Services start side by side, and the issuer need not be first: that is said once, and the same again only to who looks closely.
    private void Tell(string trouble)
    {
        var level = trouble == Interlocked.Exchange(ref _trouble, trouble) ? LogLevel.Debug : HasKeys ? LogLevel.Warning : LogLevel.Information;
        CouldNotFetch(level, trouble, HasKeys);
    }

    // A key that stays keeps its object: what was validated with it stays valid, and its crypto objects stay warm.
    private void Put(IReadOnlyList<IssuerKey> fetched)
    {
        var before = _keys;
        var after = fetched
            .Select(key => before.TryGetValue(key.Id, out var known) && known.IsSameAs(key) ? known : key)
            .ToFrozenDictionary(key => key.Id, StringComparer.Ordinal);
        if (after.Count == before.Count && after.All(k => before.TryGetValue(k.Key, out var known) && ReferenceEquals(known, k.Value)))
        {
            return;
        }

        _keys = after;
        HaveKeys(string.Join(' ', after.Keys));
    }

    // Full jitter over half: a fleet that starts together does not ask together.
    private TimeSpan Backoff(int failures)
    {
        var bound = HasKeys ? LongestRetry : LongestRetryWithoutKeys;
        var longest = Math.Min(bound.TotalMilliseconds, FirstRetry.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 10)));
        return TimeSpan.FromMilliseconds(longest * (0.5 + 0.5 * Random.Shared.NextDouble()));
    }

    [LoggerMessage(1, LogLevel.Information, "The issuer's keys are here: {KeyIds}")]
    partial void HaveKeys(string keyIds);

    [LoggerMessage(EventId = 2, Message = "The issuer's keys could not be fetched: {Reason}; earlier keys at hand: {HaveEarlier}")]
    private partial void CouldNotFetch(LogLevel level, string reason, bool haveEarlier);
}
