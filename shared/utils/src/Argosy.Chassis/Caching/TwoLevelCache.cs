using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Caching;

/// <summary>
/// A cache in the process's own memory before one that all instances share. Values are shared between those who get them and are kept
/// as JSON in the second level: they must be immutable, and read back as they were written. Reading goes like this:
/// <list type="number">
/// <item>Note the counts of the entry's names (its tags, its key, and <see cref="Everything"/>), which rise when a name is invalidated.</item>
/// <item>Memory: an entry whose counts still are as noted before it was read; and which is younger than
/// <see cref="CacheOptions.Unheard"/>, or the last sign that we hear of others' invalidations is.</item>
/// <item>Somebody loads the key already, and began after the last invalidation: wait for their result. So one loader of a key runs at a time.</item>
/// <item>The second level, unless it still has to be told of an invalidation of ours. It answers with the versions of the names, too.</item>
/// <item>The loader. What it gives is kept in memory where the counts stand as noted, and in the second level where the versions do:
/// what was read before an invalidation is never kept after it.</item>
/// </list>
/// Invalidating (<see cref="Forget"/>) happens after the change is committed: at once in our memory, and in the background everywhere
/// else. docs/decisions/0050-cache.md says how old a value may be.
/// </summary>
public sealed partial class TwoLevelCache : HybridCache, IAsyncDisposable
{
    /// <summary>The name that every entry has.</summary>
    public const string Everything = "*";

    // What another version of us has stored, and what does not fit our types to the letter, counts as not there.
    private static readonly JsonSerializerOptions Json = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private readonly ISharedCache _shared;
    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LocalEntries _memory;
    private readonly Generations _generations = new();
    private readonly Untold? _untold;       // null: there is nobody to tell
    private readonly Dictionary<string, object> _flights = new(StringComparer.Ordinal);

    /// <summary>A cache that tells and hears by <paramref name="shared"/> until it is disposed.</summary>
    public TwoLevelCache(ISharedCache shared, CacheOptions options, TimeProvider time, ILogger<TwoLevelCache> log)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Entries, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Life, TimeSpan.Zero);
        (_shared, _options, _time, _log) = (shared, options, time, log);
        _memory = new LocalEntries(options.Entries);
        shared.Listen(Heard);
        if (shared is not NoSharedCache)
        {
            _untold = new Untold(shared, time);
            _untold.Start();
        }
    }

    /// <summary>
    /// Invalidates what has this key or tag. Returns at once, so a write set may call it when it has committed;
    /// from then on nobody who asks this instance gets what was read before.
    /// </summary>
    public void Forget(string name)
    {
        CacheAsk.Check(name);
        _untold?.Add(name);     // before the counts rise: who sees the new counts must not believe the second level
        Drop(name);
        CacheTelemetry.Invalidated("local");
    }

    /// <inheritdoc />
    public override ValueTask<T> GetOrCreateAsync<TState, T>(
        string key, TState state, Func<TState, CancellationToken, ValueTask<T>> factory, HybridCacheEntryOptions? options = null,
        IEnumerable<string>? tags = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var ask = CacheAsk.Of(key, tags, options, _options);
        if (ask.ReadsMemory && TryMemory<T>(ask, out var value))
        {
            return new ValueTask<T>(value!);
        }

        Func<CancellationToken, ValueTask<T>>? load = ask.Loads ? token => factory(state, token) : null;
        return new ValueTask<T>(ask.ReadsMemory && load is not null ? JoinAsync(ask, load, cancellationToken) : ObtainAsync(ask, load, cancellationToken));
    }

    /// <summary>
    /// Keeps a value that the caller vouches for in this instance's memory; what others have of the key is invalidated. The second
    /// level is left to loaders: only who has read the versions before the value knows that it is current.
    /// </summary>
    public override ValueTask SetAsync<T>(
        string key, T value, HybridCacheEntryOptions? options = null, IEnumerable<string>? tags = null, CancellationToken cancellationToken = default)
    {
        var ask = CacheAsk.Of(key, tags, options, _options);
        Forget(key);
        Keep(ask, new Beginning(_generations.Of(ask.Names), _time.GetTimestamp()), value, ask.Life);
        return default;
    }

    /// <summary>As <see cref="Forget"/>: here at once, and elsewhere as soon as it can be told.</summary>
    public override ValueTask RemoveAsync(string key, CancellationToken cancellationToken = default)
    {
        Forget(key);
        return default;
    }

    /// <inheritdoc cref="RemoveAsync(string, CancellationToken)" />
    public override ValueTask RemoveByTagAsync(string tag, CancellationToken cancellationToken = default) => RemoveAsync(tag, cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _untold?.DisposeAsync() ?? default;

    private void Heard(string name)
    {
        Drop(name);
        CacheTelemetry.Invalidated("heard");
    }

    // The count is what matters. The entry itself goes, too, where it has that key: what is erased must not lie about.
    private void Drop(string name)
    {
        _generations.Raise(name);
        _memory.Remove(name);
    }

    private bool TryMemory<T>(CacheAsk ask, out T? value)
    {
        value = default;
        if (_memory.TryFind(ask.Key, out var entry))
        {
            var age = _time.GetElapsedTime(entry.At);
            var isHeard = age <= _options.Unheard || _shared.SinceHeard <= _options.Unheard;
            if (isHeard && age < entry.Life && entry.Stamp.IsCurrent)
            {
                value = (T?)entry.Value;
                CacheTelemetry.LookedUp("local", "hit");
                return true;
            }
        }

        CacheTelemetry.LookedUp("local", "miss");
        return false;
    }

    // The flight goes on when the one who began it leaves: others may have joined, and its end is bounded.
    private async Task<T> JoinAsync<T>(CacheAsk ask, Func<CancellationToken, ValueTask<T>> load, CancellationToken cancellation)
    {
        Flight<T> flight;
        var begins = false;
        lock (_flights)
        {
            if (_flights.GetValueOrDefault(ask.Key) is Flight<T> { Beginning.Stamp.IsCurrent: true } under)
            {
                flight = under;
            }
            else
            {
                _flights[ask.Key] = flight = new Flight<T>(Begin(ask));
                begins = true;
            }
        }

        if (begins)
        {
            _ = FlyAsync(ask, flight, load);
        }

        return await flight.Landed.WaitAsync(cancellation);
    }

    private async Task FlyAsync<T>(CacheAsk ask, Flight<T> flight, Func<CancellationToken, ValueTask<T>> load)
    {
        using var deadline = new CancellationTokenSource(_options.LoadWithin, _time);
        try
        {
            var obtained = await ObtainAsync(ask, flight.Beginning, load, deadline.Token);
            Land(ask.Key, flight);
            flight.Land(obtained.Value);
            await ShareAsync(ask, obtained);
        }
        catch (Exception e)
        {
            Land(ask.Key, flight);
            var late = e is OperationCanceledException && deadline.IsCancellationRequested;
            if (!flight.Fail(late ? new TimeoutException($"'{ask.Key}' was not loaded within {_options.LoadWithin.TotalSeconds:0} s.", e) : e))
            {
                LogUnshared(ask.Key, typeof(T).Name, e);
            }
        }
    }

    private void Land(string key, object flight)
    {
        lock (_flights)
        {
            if (ReferenceEquals(_flights.GetValueOrDefault(key), flight))
            {
                _flights.Remove(key);
            }
        }
    }

    private async Task<T> ObtainAsync<T>(CacheAsk ask, Func<CancellationToken, ValueTask<T>>? load, CancellationToken cancellation)
    {
        var obtained = await ObtainAsync(ask, Begin(ask), load, cancellation);
        await ShareAsync(ask, obtained);
        return obtained.Value;
    }

    private async Task<Obtained<T>> ObtainAsync<T>(CacheAsk ask, Beginning beginning, Func<CancellationToken, ValueTask<T>>? load, CancellationToken cancellation)
    {
        var shared = ask.ReadsShared && _untold?.Covers(ask.Names) is false ? await ReadSharedAsync(ask, cancellation) : null;
        if (shared is { Payload: { } payload } && TryParse<T>(ask.Key, payload, out var known))
        {
            Keep(ask, beginning, known, shared.Left);
            return new Obtained<T>(known!, null);
        }

        if (load is null)
        {
            return new Obtained<T>(default!, null);
        }

        var value = await LoadAsync(load, cancellation);
        Keep(ask, beginning, value, ask.LifeOf(value));
        return new Obtained<T>(value, shared?.Versions);
    }

    private async ValueTask<SharedAnswer?> ReadSharedAsync(CacheAsk ask, CancellationToken cancellation)
    {
        var answer = await _shared.ReadAsync(ask.Key, ask.Names, cancellation);
        CacheTelemetry.LookedUp("shared", answer switch { null => "away", { Payload: null } => "miss", _ => "hit" });
        return answer;
    }

    private static async ValueTask<T> LoadAsync<T>(Func<CancellationToken, ValueTask<T>> load, CancellationToken cancellation)
    {
        try
        {
            var value = await load(cancellation);
            CacheTelemetry.Loaded("loaded");
            return value;
        }
        catch
        {
            CacheTelemetry.Loaded("failed");
            throw;
        }
    }

    private Beginning Begin(CacheAsk ask) => new(_generations.Of(ask.Names), _time.GetTimestamp());

    private void Keep(CacheAsk ask, Beginning beginning, object? value, TimeSpan life)
    {
        if (ask.WritesMemory && beginning.Stamp.IsCurrent)
        {
            _memory.Put(ask.Key, new LocalEntry(value, beginning.Stamp, beginning.At, life < ask.LocalLife ? life : ask.LocalLife));
        }
    }

    private async ValueTask ShareAsync<T>(CacheAsk ask, Obtained<T> obtained)
    {
        if (obtained.Versions is not { } versions || !ask.WritesShared)
        {
            return;
        }

        var payload = JsonSerializer.SerializeToUtf8Bytes(obtained.Value, Json);
        if (payload.Length <= _options.LargestShared)
        {
            await _shared.WriteAsync(ask.Key, ask.Names, versions, payload, ask.LifeOf(obtained.Value), CancellationToken.None);
        }
    }

    private bool TryParse<T>(string key, ReadOnlyMemory<byte> payload, out T? value)
    {
        try
        {
            value = JsonSerializer.Deserialize<T>(payload.Span, Json);
            return true;
        }
        catch (JsonException e)
        {
            LogOther(key, typeof(T).Name, e.Message);
            value = default;
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "What the shared cache has as {Key} is no {Type} of this version and is loaded anew: {Reason}")]
    private partial void LogOther(string key, string type, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Key} was loaded and cannot be shared: is {Type} made for JSON?")]
    private partial void LogUnshared(string key, string type, Exception error);
}
