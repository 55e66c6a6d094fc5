using Argosy.Chassis.Store;

namespace Argosy.Chassis.Caching;

/// <summary>
/// Names that we have invalidated and the second level has not been told of yet. It is told in the background, until it has understood;
/// as long as a name is in here, this instance does not believe what the second level has under it.
/// </summary>
internal sealed class Untold(ISharedCache shared, TimeProvider time) : IAsyncDisposable
{
    private const int Most = 10_000;
    private const int Batch = 256;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _names = new(StringComparer.Ordinal);
    private readonly Signal _added = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _telling = Task.CompletedTask;
    private long _count;

    public void Start() => _telling = Task.Run(TellAsync);

    /// <summary>Costs next to nothing: it is called on the commit pipeline's thread.</summary>
    public void Add(string name)
    {
        lock (_gate)
        {
            if (_names.Count >= Most)
            {
                _names.Clear();
                name = TwoLevelCache.Everything;    // too many to remember one by one
            }

            _names[name] = ++_count;
        }

        _added.Set();
    }

    public bool Covers(IReadOnlyList<string> names)
    {
        lock (_gate)
        {
            return _names.Count > 0 && names.Any(_names.ContainsKey);
        }
    }

    /// <summary>Tells what is left, once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _telling;
        _stop.Dispose();
    }

    private async Task TellAsync()
    {
        var failures = 0;
        while (!_stop.IsCancellationRequested)
        {
            var seen = _added.Version;
            var some = Some();
            if (some.Count > 0)
            {
                failures = await TellAsync(some, _stop.Token) ? 0 : failures + 1;
            }

            var pause = failures > 0 ? LongestPause / (1 << Math.Max(0, 5 - failures)) : some.Count > 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan;
            if (pause != TimeSpan.Zero)
            {
                // After a failure others' names don't hurry us.
                await _added.WaitAsync(failures > 0 ? _added.Version : seen, pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        for (var last = Some(); last.Count > 0; last = Some())
        {
            if (!await TellAsync(last, CancellationToken.None))
            {
                break;
            }
        }
    }

    private async Task<bool> TellAsync(Dictionary<string, long> some, CancellationToken cancellation)
    {
        try
        {
            if (!await shared.InvalidateAsync([.. some.Keys], cancellation))
            {
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        lock (_gate)
        {
            foreach (var (name, count) in some)
            {
                if (_names.GetValueOrDefault(name) == count)
                {
                    _names.Remove(name);    // not one that was invalidated again meanwhile
                }
            }
        }

        CacheTelemetry.Invalidated("shared", some.Count);
        return true;
    }

    private Dictionary<string, long> Some()
    {
        lock (_gate)
        {
            return _names.Take(Batch).ToDictionary(StringComparer.Ordinal);
        }
    }
}
