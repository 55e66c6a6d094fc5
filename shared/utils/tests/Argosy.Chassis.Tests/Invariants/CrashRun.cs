using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Something that somebody wants noted, under an identity that stays the same however often they ask.</summary>
internal sealed record Wish(string Id, string Stream, int Kind);

/// <summary>What the database held in the end, and what was said.</summary>
internal sealed record CrashReport(
    IReadOnlyList<Wish> Wishes, IReadOnlyList<string> Acknowledged, IReadOnlyList<string> Lost, IReadOnlyList<EventRow> Entries, IReadOnlyList<string> Outbox, IReadOnlyList<string> Heard, int EndedWith, bool RecoveryDied)
{
    /// <summary>The entries that a wish left: one, if all is well.</summary>
    public int EntriesOf(Wish wish) => Entries.Count(entry => entry.Data.Contains($"\"{wish.Id}\"", StringComparison.Ordinal));
}

/// <summary>
/// A real process, killed with SIGKILL at one of the chassis's failpoints. The protocol:
/// <list type="number">
/// <item>The process starts with the failpoint armed. Wishes come one after another, over HTTP and over the bus, and are acknowledged, until it dies there.</item>
/// <item>It starts again and is killed in its recovery, before the first commit; and again, after it, when recovery is half done.</item>
/// <item>It starts again, and what was acknowledged is looked for. Who got no answer asks again; so does everybody else, in another order: a network may do that.</item>
/// <item>When all is said that has to be said, it is killed once more, and its database is read.</item>
/// </list>
/// Each failpoint is run once; the invariants look at what came of it.
/// </summary>
internal static partial class CrashRun
{
    private const int Killed = 128 + 9;
    private static readonly Dictionary<string, Task<CrashReport>> Runs = new(StringComparer.Ordinal);
    private static readonly SemaphoreSlim Few = new(4, 4);

    /// <summary>Every failpoint of the chassis that work passes, as its sources name them; those of migrating are <see cref="Invariant13_WhileMigrating"/>'s.</summary>
    public static TheoryData<string> Failpoints => [.. InChassis.Where(name => !IsMigration(name))];

    /// <summary>Those that a start passes while it brings the schema up to date.</summary>
    public static IReadOnlyList<string> OfMigrations => [.. InChassis.Where(IsMigration)];

    private static IReadOnlyList<string> InChassis => NamesIn(Path.Combine(Source.Root, "shared", "utils", "src"));

    /// <summary>The failpoints that the sources below a folder name.</summary>
    public static IReadOnlyList<string> NamesIn(string folder) =>
        [.. Source.Files(folder).SelectMany(file => Hit().Matches(File.ReadAllText(file))).Select(hit => hit.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>What came of being killed there. Whoever asks first begins all of them: on a server most of a run is waiting for the dead one's leases.</summary>
    public static Task<CrashReport> AtAsync<TEngine>(string failpoint) where TEngine : IEngine
    {
        lock (Runs)
        {
            foreach (string name in Failpoints)
            {
                if (!Runs.ContainsKey(NameOf(name)))
                {
                    Runs.Add(NameOf(name), RunAsync<TEngine>(name));
                }
            }

            return Runs[NameOf(failpoint)];
        }

        static string NameOf(string failpoint) => $"{failpoint} {typeof(TEngine).Name}";
    }

    /// <summary>A start that is killed before it is ready.</summary>
    public static async Task<bool> StartsInVainAsync(ServiceBench bench, IReadOnlyDictionary<string, string> armed)
    {
        try
        {
            await bench.RestartAsync(armed);
            return false;
        }
        catch (InvalidOperationException)
        {
            return (await bench.Process.ExitAsync()) == Killed;
        }
    }

    private static bool IsMigration(string name) => name.StartsWith("migration.", StringComparison.Ordinal);

    private static async Task<CrashReport> RunAsync<TEngine>(string failpoint) where TEngine : IEngine
    {
        (await Few.WaitAsync(TimeSpan.FromMinutes(8))).ShouldBeTrue("its turn came");
        try
        {
            return await new Run<TEngine>(failpoint).ToEndAsync();
        }
        finally
        {
            Few.Release();
        }
    }

    [GeneratedRegex("""Failpoints\.Hit\("([a-z.]+)"\)""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hit();

    private sealed class Run<TEngine>(string failpoint) where TEngine : IEngine
    {
        private readonly List<Wish> _wishes = [];
        private readonly List<string> _acknowledged = [];      // before it died
        private IReadOnlyList<string> _lost = [];
        private readonly Dictionary<string, string> _plain = new(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1" };
        private ServiceBench _bench = null!;

        public async Task<CrashReport> ToEndAsync()
        {
            var folder = Directory.CreateTempSubdirectory("argosy-crash-").FullName;
            _plain["DATABASE_URL"] = await TEngine.AddressAsync(folder);
            // Some are acknowledged before it dies, and commits of the start count too.
            var hit = failpoint.StartsWith("commit.", StringComparison.Ordinal) ? 14 : 3;
            await using (_bench = await ServiceBench.StartAsync("inventory-service", "Probe", Armed($"{failpoint}:{hit}")))
            {
                (await AskAsync(60)).ShouldBeFalse($"60 wishes later nobody has passed {failpoint} {hit} times: it needs a case here");
                var endedWith = await _bench.Process.ExitAsync();
                var recoveryDied = await StartsInVainAsync(_bench, Armed("commit.before:1")) && await StartsInVainAsync(_bench, Armed("commit.after:1"));
                await _bench.RestartAsync(_plain);
                await LookAsync();
                await AskAgainAsync();
                await Eventually.HoldsAsync(IsDoneAsync, $"all is said after a kill at {failpoint}", TimeSpan.FromSeconds(60));
                _bench.Process.KillNow();
                await _bench.Process.ExitAsync();
                var report = await ReadAsync(endedWith, recoveryDied);
                Directory.Delete(folder, recursive: true);
                return report;
            }
        }

        private Dictionary<string, string> Armed(string armed) => new(_plain, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = armed };

        // New ones, until one is not answered. True: all were.
        private async Task<bool> AskAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var wish = new Wish($"wish-{_wishes.Count}", $"stream-{_wishes.Count % 2}", _wishes.Count % 3);
                _wishes.Add(wish);
                if (!await TryAsync(wish))
                {
                    return false;
                }

                _acknowledged.Add(wish.Id);
            }

            return true;
        }

        private async Task AskAgainAsync()
        {
            Wish[] again = [.. _wishes, .. _wishes];
            new Random(failpoint.Length).Shuffle(again);
            foreach (var wish in again)
            {
                // More than once, where a machine with much to do sheds it.
                await Eventually.HoldsAsync(() => TryAsync(wish), $"{wish} is answered after a kill at {failpoint}", TimeSpan.FromSeconds(30));
            }
        }

        // Before anybody asks again, which would hide what was lost. An errand that was acknowledged has first to be run.
        private async Task LookAsync()
        {
            await Eventually.HoldsAsync(async () => (await LedgerAsync()).Errands == 0, "all errands are run", TimeSpan.FromSeconds(30));
            var entries = string.Concat((await LedgerAsync()).Entries);
            _lost = [.. _acknowledged.Where(id => !entries.Contains($"\"{id}\"", StringComparison.Ordinal))];
        }

        private async Task<bool> TryAsync(Wish wish)
        {
            try
            {
                await SayAsync(wish);
                return true;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        }

        private async Task SayAsync(Wish wish)
        {
            if (wish.Kind == 0)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/streams/{wish.Stream}") { Content = JsonContent.Create(new { what = wish.Id }) };
                request.Headers.Add("Idempotency-Key", wish.Id);
                using var client = _bench.As("ada");
                using var answer = await client.SendAsync(request);
                answer.EnsureSuccessStatusCode();
                return;
            }

            IMessage message = wish.Kind == 1 ? new ReserveStock { OrderId = wish.Stream } : new ReleaseStock { OrderId = wish.Stream };
            await _bench.SendAsync("order-service", message, wish.Id);
        }

        private async Task<bool> IsDoneAsync()
        {
            var ledger = await LedgerAsync();
            return ledger.Errands == 0 && ledger.Published == _bench.Bus.Heard.DistinctBy(heard => heard.Envelope.Id).Count();
        }

        private async Task<LedgerView> LedgerAsync()
        {
            using var client = _bench.As("ada");
            return (await client.GetFromJsonAsync<LedgerView>("/ledger"))!;
        }

        private async Task<CrashReport> ReadAsync(int endedWith, bool recoveryDied)
        {
            await using var left = TEngine.Reopen(_plain["DATABASE_URL"]);
            var store = left.Store;
            return new CrashReport(
                _wishes,
                _acknowledged,
                _lost,
                await store.ReadAllAsync(0, 10_000),
                await store.QueryAsync<string>("select id from bus_outbox order by seq"),
                [.. _bench.Bus.Heard.Select(heard => heard.Envelope.Id).Distinct()],
                endedWith,
                recoveryDied);
        }

        private sealed record LedgerView(IReadOnlyList<string> Entries, long Errands, long Published);
    }
}
