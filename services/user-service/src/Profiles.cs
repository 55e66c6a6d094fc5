using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;

namespace Argosy.Users;

/// <summary>Profiles as they are kept, and a cache before them for those who only look.</summary>
internal sealed class Profiles(IStore store, TwoLevelCache cache, TimeProvider time)
{
    /// <summary>
    /// How long somebody waits for their own profile: it is made from a message that may still be under way while they already have a
    /// token. Normally that takes some tens of milliseconds.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // Another instance may have heard of it.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    private static readonly Problem Unknown = Problem.NotFound("user.unknown", "There is no such user.");

    private static readonly Problem NotYet = Problem.NotFound(
        "user.not-yet", "Your profile is not here yet; ask again in a moment.") with
    { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>Fires when a profile has been made.</summary>
    public Signal Arrivals { get; } = new();

    /// <summary>Whether this user asked to be erased.</summary>
    public async Task<bool> IsErasedAsync(string id, CancellationToken ct) =>
        await store.FirstOrDefaultAsync<string>("select id from erased where id = @id", new { id }, ct) is not null;

    /// <summary>Anybody's profile.</summary>
    public async Task<(Profile? Profile, Problem? Problem)> FindAsync(string id, Freshness freshness, CancellationToken ct) =>
        IsId(id) && await LookAsync(id, freshness, ct) is { } profile ? (profile, null) : (null, Unknown);

    /// <summary>The caller's own profile; waits for one that is still on its way, and not for one that was erased.</summary>
    public async Task<(Profile? Profile, Problem? Problem)> MineAsync(string id, Freshness freshness, CancellationToken ct)
    {
        for (var start = time.GetTimestamp(); ;)
        {
            var seen = Arrivals.Version;
            if ((await LookAsync(id, freshness, ct) ?? await ReadAsync(id, ct)) is { } profile)
            {
                return (profile, null);     // that it is not there yet, nobody has to take from a cache
            }

            var left = Patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || await IsErasedAsync(id, ct))
            {
                return (null, left <= TimeSpan.Zero ? NotYet : Unknown);
            }

            await Arrivals.WaitAsync(seen, left < Poll ? left : Poll, time, ct);
        }
    }

    /// <summary>Adds a profile, unless it is there.</summary>
    public void Add(WriteSet work, string id, string email, string name)
    {
        work.Execute(
            """
            insert into profiles (id, email, name, addresses, language, version, created, updated)
            values (@id, @email, @name, '[]', null, 1, @now, @now) on conflict (id) do nothing
            """,
            new { id, email, name, now = work.NowMilliseconds });
        work.OnCommitted(() => cache.Forget(KeyOf(id)));
    }

    /// <summary>Keeps a changed profile; in conflict if it is not the version before any more.</summary>
    public void Update(WriteSet work, Profile profile)
    {
        work.Execute(
            """
            update profiles set name = @Name, addresses = @addresses, language = @language, version = @Version, updated = @updated
            where id = @Id and version = @Version - 1
            """,
            new
            {
                profile.Id,
                profile.Name,
                addresses = JsonSerializer.Serialize(profile.Addresses, StrictJson.Options),
                language = profile.Preferences.Language,
                profile.Version,
                updated = profile.UpdatedAt.ToUnixTimeMilliseconds(),
            },
            rows: 1);
        work.OnCommitted(() => cache.Forget(KeyOf(profile.Id)));
    }

    /// <summary>Forgets everything but that there was somebody.</summary>
    public void Erase(WriteSet work, Profile profile)
    {
        work.Execute("delete from profiles where id = @Id and version = @Version", new { profile.Id, profile.Version }, rows: 1);
        work.Execute("insert into erased (id, at) values (@Id, @at) on conflict (id) do nothing", new { profile.Id, at = work.NowMilliseconds });
        work.OnCommitted(() => cache.Forget(KeyOf(profile.Id)));
    }

    // What cannot be an id is nobody's, and no key.
    private static bool IsId(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or ':' or '_');

    private static string KeyOf(string id) => $"profile:{id}";

    private ValueTask<Profile?> LookAsync(string id, Freshness freshness, CancellationToken ct) => cache.GetOrCreateAsync(
        KeyOf(id), (Profiles: this, Id: id), static (ask, cancellation) => new ValueTask<Profile?>(ask.Profiles.ReadAsync(ask.Id, cancellation)), freshness.Options, tags: null, ct);

    private async Task<Profile?> ReadAsync(string id, CancellationToken ct)
    {
        var row = await store.FirstOrDefaultAsync<Row>(
            "select id as Id, email as Email, name as Name, addresses as Addresses, language as Language, version as Version, "
            + "created as Created, updated as Updated from profiles where id = @id",
            new { id }, ct);
        return row is null
            ? null
            : new Profile(
                row.Id, row.Email, row.Name, JsonSerializer.Deserialize<List<Address>>(row.Addresses, StrictJson.Options)!, new Preferences(row.Language),
                row.Version, DateTimeOffset.FromUnixTimeMilliseconds(row.Created), DateTimeOffset.FromUnixTimeMilliseconds(row.Updated));
    }

    private sealed record Row(
        string Id, string Email, string Name, string Addresses, string? Language, long Version, long Created, long Updated);
}
