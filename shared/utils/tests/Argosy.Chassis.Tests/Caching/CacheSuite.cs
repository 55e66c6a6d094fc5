using System.Collections.Concurrent;
using Argosy.Chassis.Caching;
using Argosy.Testing;
using Microsoft.Extensions.Caching.Hybrid;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Caching;

/// <summary>What a cache does, whatever it is made of.</summary>
public abstract class CacheSuite : IAsyncLifetime
{
    private TwoLevelCache _cache = null!;

    public async ValueTask InitializeAsync() => _cache = await OpenAsync(new CacheOptions());

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_value_is_loaded_once_and_then_there()
    {
        var books = new Shelf();

        (await books.AskAsync(_cache, "a")).ShouldBe("a 1");
        (await books.AskAsync(_cache, "a")).ShouldBe("a 1");
        (await books.AskAsync(_cache, "b")).ShouldBe("b 2");
    }

    [Fact]
    public async Task A_hundred_who_ask_at_once_are_served_by_one_loader()
    {
        var gate = new TaskCompletionSource();
        var books = new Shelf { Gate = gate.Task };

        var asking = Enumerable.Range(0, 100).Select(_ => books.AskAsync(_cache, "crowd").AsTask()).ToArray();
        await Eventually.HoldsAsync(() => books.Loads == 1, "the loader has begun");
        gate.SetResult();

        (await Task.WhenAll(asking)).Distinct().ShouldBe(["crowd 1"]);
    }

    [Fact]
    public async Task A_loader_that_fails_tells_all_who_wait_and_the_next_one_tries_again()
    {
        var gate = new TaskCompletionSource();
        var books = new Shelf { Gate = gate.Task };
        var asking = Enumerable.Range(0, 10).Select(_ => books.AskAsync(_cache, "sour").AsTask()).ToArray();
        gate.SetException(new InvalidOperationException("the books are wet"));

        foreach (var ask in asking)
        {
            (await Should.ThrowAsync<InvalidOperationException>(ask)).Message.ShouldBe("the books are wet");
        }

        books.Gate = Task.CompletedTask;
        (await books.AskAsync(_cache, "sour")).ShouldStartWith("sour");
    }

    [Fact]
    public async Task Who_leaves_does_not_take_the_loader_along()
    {
        var gate = new TaskCompletionSource();
        var books = new Shelf { Gate = gate.Task };
        using var leaving = new CancellationTokenSource();
        var first = books.AskAsync(_cache, "left", cancellation: leaving.Token).AsTask();
        var second = books.AskAsync(_cache, "left").AsTask();

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        gate.SetResult();

        (await second).ShouldBe("left 1");
    }

    [Fact]
    public async Task What_is_forgotten_by_key_or_by_tag_is_loaded_again()
    {
        var books = new Shelf();
        await books.AskAsync(_cache, "one", ["both", "first"]);
        await books.AskAsync(_cache, "two", ["both"]);

        _cache.Forget("one");
        (await books.AskAsync(_cache, "one", ["both", "first"])).ShouldBe("one 3");
        (await books.AskAsync(_cache, "two", ["both"])).ShouldBe("two 2");

        await _cache.RemoveByTagAsync("both");
        (await books.AskAsync(_cache, "one", ["both", "first"])).ShouldBe("one 4");
        (await books.AskAsync(_cache, "two", ["both"])).ShouldBe("two 5");

        await _cache.RemoveByTagAsync(TwoLevelCache.Everything);
        (await books.AskAsync(_cache, "two", ["both"])).ShouldBe("two 6");
    }

    [Fact]
    public async Task What_was_read_before_an_invalidation_is_kept_by_nobody_and_nobody_who_comes_later_waits_for_it()
    {
        var gate = new TaskCompletionSource();
        var books = new Shelf { Gate = gate.Task };
        var early = books.AskAsync(_cache, "race").AsTask();
        await Eventually.HoldsAsync(() => books.Loads == 1, "the early one reads");

        _cache.Forget("race");
        books.Gate = Task.CompletedTask;
        (await books.AskAsync(_cache, "race")).ShouldBe("race 2");
        gate.SetResult();

        (await early).ShouldBe("race 1");

        // Where others are told, our own word may come back after that and have us read once more.
        (await books.AskAsync(_cache, "race")).ShouldBeOneOf("race 2", "race 3");
    }

    [Fact]
    public async Task That_there_is_nothing_is_remembered_too()
    {
        var loads = 0;
        for (var i = 0; i < 3; i++)
        {
            (await _cache.GetOrCreateAsync<string?>("void", _ => new ValueTask<string?>(Interlocked.Increment(ref loads) > 1 ? "something" : null))).ShouldBeNull();
        }

        _cache.Forget("void");
        (await _cache.GetOrCreateAsync<string?>("void", _ => new ValueTask<string?>("something"))).ShouldBe("something");
    }

    [Fact]
    public async Task Who_asks_past_the_cache_gets_what_is_so_now_and_leaves_it_for_the_others()
    {
        var books = new Shelf();
        await books.AskAsync(_cache, "now");

        var options = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableLocalCacheRead | HybridCacheEntryFlags.DisableDistributedCacheRead };
        (await books.AskAsync(_cache, "now", options: options)).ShouldBe("now 2");
        (await books.AskAsync(_cache, "now")).ShouldBe("now 2");
    }

    [Fact]
    public async Task Who_only_looks_loads_nothing()
    {
        var books = new Shelf();
        var look = new HybridCacheEntryOptions { Flags = HybridCacheEntryFlags.DisableUnderlyingData };

        (await books.AskAsync(_cache, "look", options: look)).ShouldBeNull();
        await books.AskAsync(_cache, "look");
        (await books.AskAsync(_cache, "look", options: look)).ShouldBe("look 1");
    }

    [Fact]
    public async Task A_value_that_is_set_is_there()
    {
        await _cache.SetAsync("set", "by hand");

        (await new Shelf().AskAsync(_cache, "set")).ShouldBe("by hand");
    }

    [Fact]
    public async Task While_somebody_writes_nobody_who_asks_after_a_write_gets_what_was_before_it()
    {
        var (books, written) = (0, 0);
        var broken = new ConcurrentQueue<string>();
        using var over = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                var before = Volatile.Read(ref written);
                var read = await _cache.GetOrCreateAsync("soak", _ => new ValueTask<int>(Volatile.Read(ref books)), tags: ["soak-tag"]);
                if (read < before)
                {
                    broken.Enqueue($"{read} after {before}");
                }
            }
        })).ToArray();

        for (var i = 0; i < 2000; i++)
        {
            // As a commit does: first the books, then the word, and only then does the writer know.
            var next = i + 1;
            Volatile.Write(ref books, next);
            _cache.Forget(i % 2 == 0 ? "soak" : "soak-tag");
            Volatile.Write(ref written, next);
            await Task.Yield();
        }

        await over.CancelAsync();
        await Task.WhenAll(readers);
        broken.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    public void A_key_that_cannot_be_one_is_refused(string key) => Should.Throw<ArgumentException>(() => _cache.Forget(key));

    internal abstract Task<TwoLevelCache> OpenAsync(CacheOptions options);

    protected abstract Task CloseAsync();

    /// <summary>Where values come from; the count tells them apart.</summary>
    internal sealed class Shelf
    {
        private int _loads;

        public int Loads => Volatile.Read(ref _loads);

        public Task Gate { get; set; } = Task.CompletedTask;

        public ValueTask<string> AskAsync(TwoLevelCache cache, string key, string[]? tags = null, HybridCacheEntryOptions? options = null, CancellationToken cancellation = default) =>
            cache.GetOrCreateAsync(key, async _ =>
            {
                var (load, gate) = (Interlocked.Increment(ref _loads), Gate);
                await gate;
                return $"{key} {load}";
            }, options, tags, cancellation);
    }
}
