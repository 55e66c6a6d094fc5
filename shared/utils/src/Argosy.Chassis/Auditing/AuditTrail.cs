using Argosy.Chassis.Store;

namespace Argosy.Chassis.Auditing;

/// <summary>What a look through a part of the trail found.</summary>
/// <param name="Entries">How many entries there are in it.</param>
/// <param name="Sealed">How many of them are sealed; the rest is younger than a second or so.</param>
/// <param name="Fault">What does not fit, in a sentence; null where all does.</param>
/// <param name="Next">Where to look on: the last seal that was made again, as <see cref="AuditSeal"/> has it as text. Null at the end, and after a fault.</param>
internal sealed record AuditVerdict(long Entries, long Sealed, string? Fault, string? Next = null);

/// <summary>Reads and verifies the table <c>sys_audit</c>.</summary>
internal static class AuditTrail
{
    /// <summary>Entries that one look takes, a few hundredths of a second of work.</summary>
    internal const int Part = 10_000;

    private const int Batch = 1000;

    public static Task<IReadOnlyList<AuditEntry>> ReadAsync(IStore store, long after, int limit, CancellationToken cancellation) => store.QueryAsync<AuditEntry>(
        $"select {AuditEntry.Columns} from sys_audit where id > @after order by id limit @limit", new { after, limit = (long)limit }, cancellation);

    public static async Task<AuditSeal> LastSealAsync(IStore store, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<AuditSeal>("select id as Id, hash as Hash from sys_audit_seal order by id desc limit 1", null, cancellation) ?? AuditSeal.None;

    public static async Task<bool> HasAsync(IStore store, AuditSeal seal, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>("select 1 from sys_audit_seal where id = @Id and hash = @Hash", seal, cancellation) is not null;

    /// <summary>
    /// Makes the seals behind one again and compares: an entry that was changed, removed, put in later or moved does not fit, nor does a trail
    /// whose end is missing. Looks at <see cref="Part"/> entries at most; whoever asks goes on with the seal that it told, so that nobody changes
    /// what lies before it meanwhile. Stops at the first fault, for nothing behind it can be trusted.
    /// </summary>
    public static async Task<AuditVerdict> VerifyAsync(IStore store, AuditKey key, AuditHead head, AuditSeal after, CancellationToken cancellation)
    {
        // First: what is sealed while we read is then behind it, and never missing.
        var expected = head.Read();
        var last = await LastSealAsync(store, cancellation);
        var (previous, entries) = (after, 0L);
        while (entries < Part)
        {
            var sealedEntries = await SealedAsync(store, previous.Id, last.Id, cancellation);
            if (sealedEntries.Count == 0)
            {
                break;
            }

            foreach (var entry in sealedEntries)
            {
                var seal = entry.Entry.SealAfter(previous.Hash, key.Bytes);
                if (entry.Hash != seal)
                {
                    return new AuditVerdict(entries, entries, entry.Hash is null
                        ? $"Entry {entry.Id} was put in later: those behind it are sealed, and it is not."
                        : $"Entry {entry.Id} does not fit its seal: it was changed, or something before it was removed.");
                }

                var made = new AuditSeal(entry.Id, seal);
                if (expected is not null && previous.Id < expected.Id && made.Id >= expected.Id && made != expected)
                {
                    return new AuditVerdict(entries, entries, EndOf(expected));
                }

                previous = made;
                entries++;
            }
        }

        return previous.Id < last.Id && entries >= Part
            ? new AuditVerdict(entries, entries, null, previous.ToString())
            : await EndAsync(store, entries, previous, last, expected, cancellation);
    }

    private static async Task<AuditVerdict> EndAsync(IStore store, long entries, AuditSeal previous, AuditSeal last, AuditSeal? expected, CancellationToken cancellation)
    {
        var unsealed = await store.FirstOrDefaultAsync<long>("select count(*) from sys_audit where id > @Id", new { last.Id }, cancellation);
        return new AuditVerdict(entries + unsealed, entries, previous.Id < last.Id ? $"There is a seal for entry {last.Id} and no such entry: the last entry was removed."
            : expected is not null && (expected.Id > previous.Id || expected.Id == AuditSeal.None.Id) ? EndOf(expected)
            : null);
    }

    private static string EndOf(AuditSeal expected) =>
        $"The trail was sealed up to entry {expected.Id} once, and that seal is not in it any more: its end was removed, or all of it was made anew.";

    private static Task<IReadOnlyList<SealedEntry>> SealedAsync(IStore store, long after, long until, CancellationToken cancellation) => store.QueryAsync<SealedEntry>(
        """
        select a.id as Id, a.at as At, a.actor as Actor, a.action as Action, a.target as Target, a.detail as Detail, a.outcome as Outcome, a.trace as Trace, s.hash as Hash
        from sys_audit a left join sys_audit_seal s on s.id = a.id where a.id > @after and a.id <= @until order by a.id limit @limit
        """,
        new { after, until, limit = (long)Batch }, cancellation);

    private sealed record SealedEntry(long Id, long At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace, string? Hash)
    {
        public AuditEntry Entry => new(Id, At, Actor, Action, Target, Detail, Outcome, Trace);
    }
}
