using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;

namespace Argosy.Users;

/// <summary>Profiles as they are kept.</summary>
internal sealed class Profiles(IStore store, TimeProvider time)
{
    /// <summary>
    /// How long somebody waits for their own profile: it is made from a message that may still be under way while they already have a
    /// token. Normally that takes some tens of milliseconds.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

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
    public async Task<(Profile? Profile, Problem? Problem)> FindAsync(string id, CancellationToken ct) =>
        await ReadAsync(id, ct) is { } profile ? (profile, null) : (null, Unknown);

    /// <summary>The caller's own profile; waits for one that is still on its way, and not for one that was erased.</summary>
    public async Task<(Profile? Profile, Problem? Problem)> MineAsync(string id, CancellationToken ct)
    {
        for (var start = time.GetTimestamp(); ;)
        {
            var seen = Arrivals.Version;
            if (await ReadAsync(id, ct) is { } profile)
            {
                return (profile, null);
            }

            var left = Patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || await IsErasedAsync(id, ct))
            {
                return (null, left <= TimeSpan.Zero ? NotYet : Unknown);
            }

            await Arrivals.WaitAsync(seen, left, time, ct);
        }
    }

    /// <summary>Adds a profile, unless it is there.</summary>
    public static void Add(WriteSet work, string id, string email, string name) => work.Execute(
        """
        insert into profiles (id, email, name, addresses, language, version, created, updated)
        values (@id, @email, @name, '[]', null, 1, @now, @now) on conflict (id) do nothing
        """,
        new { id, email, name, now = work.NowMilliseconds });

    /// <summary>Keeps a changed profile; in conflict if it is not the version before any more.</summary>
    public static void Update(WriteSet work, Profile profile) => work.Execute(
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

    /// <summary>Forgets everything but that there was somebody.</summary>
    public static void Erase(WriteSet work, Profile profile)
    {
        work.Execute("delete from profiles where id = @Id and version = @Version", new { profile.Id, profile.Version }, rows: 1);
        work.Execute("insert into erased (id, at) values (@Id, @at) on conflict (id) do nothing", new { profile.Id, at = work.NowMilliseconds });
    }

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
