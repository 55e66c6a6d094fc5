using Argosy.Chassis.Caching;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Caching;

/// <summary>The process's own memory alone.</summary>
public sealed class LocalCacheTests : CacheSuite
{
    private readonly FakeTime _time = new();
    private TwoLevelCache? _opened;

    [Fact]
    public async Task Without_word_from_others_an_entry_is_believed_for_three_seconds_and_no_longer()
    {
        await using var cache = Open(new CacheOptions());
        var books = new Shelf();
        await books.AskAsync(cache, "a");

        _time.Advance(TimeSpan.FromSeconds(3));
        (await books.AskAsync(cache, "a")).ShouldBe("a 1");
        _time.Advance(TimeSpan.FromMilliseconds(1));
        (await books.AskAsync(cache, "a")).ShouldBe("a 2");
    }

    [Fact]
    public async Task With_word_from_others_it_is_believed_as_long_as_the_last_sign_of_that_is_no_older_than_three_seconds()
    {
        var link = new Link();
        await using var cache = Open(new CacheOptions { Life = TimeSpan.FromMinutes(1) }, link);
        var books = new Shelf();
        await books.AskAsync(cache, "a");

        link.SinceHeard = TimeSpan.FromSeconds(3);
        _time.Advance(TimeSpan.FromSeconds(59));
        (await books.AskAsync(cache, "a")).ShouldBe("a 1");
        link.SinceHeard = TimeSpan.FromSeconds(3.1);
        (await books.AskAsync(cache, "a")).ShouldBe("a 2");
        link.SinceHeard = TimeSpan.Zero;
        _time.Advance(TimeSpan.FromSeconds(60));
        (await books.AskAsync(cache, "a")).ShouldBe("a 3");
    }

    [Fact]
    public async Task What_others_invalidate_is_gone_as_soon_as_it_is_heard()
    {
        var link = new Link();
        await using var cache = Open(new CacheOptions(), link);
        var books = new Shelf();
        await books.AskAsync(cache, "a", ["t"]);

        link.Heard("t");
        (await books.AskAsync(cache, "a", ["t"])).ShouldBe("a 2");
        link.Heard(TwoLevelCache.Everything);
        (await books.AskAsync(cache, "a", ["t"])).ShouldBe("a 3");
    }

    [Fact]
    public async Task That_there_is_nothing_is_forgotten_after_its_own_time()
    {
        await using var cache = Open(new CacheOptions { NegativeLife = TimeSpan.FromSeconds(2) });
        (await cache.GetOrCreateAsync<string?>("void", _ => new ValueTask<string?>((string?)null))).ShouldBeNull();

        _time.Advance(TimeSpan.FromSeconds(2));

        (await cache.GetOrCreateAsync<string?>("void", _ => new ValueTask<string?>("here"))).ShouldBe("here");
    }

    [Fact]
    public async Task When_memory_is_full_the_least_recently_used_goes()
    {
        await using var cache = Open(new CacheOptions { Entries = 3 });
        var books = new Shelf();
        foreach (var key in new[] { "a", "b", "c", "a", "d" })
        {
            await books.AskAsync(cache, key);
        }

        (await books.AskAsync(cache, "a")).ShouldBe("a 1");
        (await books.AskAsync(cache, "c")).ShouldBe("c 3");
        (await books.AskAsync(cache, "d")).ShouldBe("d 4");
        (await books.AskAsync(cache, "b")).ShouldBe("b 5");
    }

    [Fact]
    public async Task A_loader_that_never_ends_is_given_up()
    {
        await using var cache = Open(new CacheOptions());
        var asking = cache.GetOrCreateAsync("slow", async ct =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            return "never";
        }).AsTask();

        _time.Advance(TimeSpan.FromSeconds(30));

        (await Should.ThrowAsync<TimeoutException>(asking)).Message.ShouldContain("'slow' was not loaded within 30 s");
    }

    [Fact]
    public async Task What_could_not_be_told_is_told_again_and_not_believed_until_then()
    {
        var link = new Link { IsAway = true, SinceHeard = TimeSpan.Zero };
        await using var cache = new TwoLevelCache(link, new CacheOptions(), TimeProvider.System, NullLogger<TwoLevelCache>.Instance);
        var books = new Shelf();
        cache.Forget("a");
        await Eventually.HoldsAsync(() => link.Tries >= 3, "it is tried again");
        await books.AskAsync(cache, "a");
        link.Reads.ShouldBe(0);

        link.IsAway = false;
        await Eventually.HoldsAsync(() => link.Told.Contains("a"), "it is told");
        await books.AskAsync(cache, "b");
        link.Reads.ShouldBe(1);
    }

    internal override Task<TwoLevelCache> OpenAsync(CacheOptions options) => Task.FromResult(_opened = Open(options));

    protected override async Task CloseAsync() => await _opened!.DisposeAsync();

    private TwoLevelCache Open(CacheOptions options, ISharedCache? shared = null) => new(shared ?? new NoSharedCache(), options, _time, NullLogger<TwoLevelCache>.Instance);

    /// <summary>A second level that has nothing, and says what a test wants.</summary>
    private sealed class Link : ISharedCache
    {
        private readonly Lock _gate = new();
        private readonly List<string> _told = [];
        private int _tries;
        private int _reads;

        public TimeSpan? SinceHeard { get; set; }

        public bool IsAway { get; set; }

        public Action<string> Heard { get; private set; } = static _ => { };

        public int Tries => Volatile.Read(ref _tries);

        public int Reads => Volatile.Read(ref _reads);

        public IReadOnlyList<string> Told
        {
            get
            {
                lock (_gate)
                {
                    return [.. _told];
                }
            }
        }

        public void Listen(Action<string> heard) => Heard = heard;

        public ValueTask<SharedAnswer?> ReadAsync(string key, IReadOnlyList<string> names, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _reads);
            return new((SharedAnswer?)null);
        }

        public ValueTask WriteAsync(string key, IReadOnlyList<string> names, string versions, ReadOnlyMemory<byte> payload, TimeSpan life, CancellationToken cancellation) => default;

        public ValueTask<bool> InvalidateAsync(IReadOnlyList<string> names, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _tries);
            lock (_gate)
            {
                _told.AddRange(IsAway ? [] : names);
            }

            return new(!IsAway);
        }
    }
}
