using Argosy.Chassis.Store;

namespace Argosy.Chassis.Auditing;

/// <summary>What a look through the whole trail found.</summary>
/// <param name="Entries">How many entries there are.</param>
/// <param name="Sealed">How many of them are sealed; the rest is younger than a second or so.</param>
/// <param name="Fault">What does not fit, in a sentence; null where all does.</param>
internal sealed record AuditVerdict(long Entries, long Sealed, string? Fault);

/// <summary>Reads and verifies the table <c>sys_audit</c>.</summary>
internal static class AuditTrail
{
    private const int Batch = 1000;

    public static Task<IReadOnlyList<AuditEntry>> ReadAsync(IStore store, long after, int limit, CancellationToken cancellation) => store.QueryAsync<AuditEntry>(
        $"select {AuditEntry.Columns} from sys_audit where id > @after order by id limit @limit", new { after, limit = (long)limit }, cancellation);

    public static async Task<AuditSeal> LastSealAsync(IStore store, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<AuditSeal>("select id as Id, hash as Hash from sys_audit_seal order by id desc limit 1", null, cancellation) ?? AuditSeal.None;

    public static async Task<bool> HasAsync(IStore store, AuditSeal seal, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>("select 1 from sys_audit_seal where id = @Id and hash = @Hash", seal, cancellation) is not null;

    /// <summary>
    /// Makes every seal again and compares: an entry that was changed, removed, put in later or moved does not fit, nor does a trail whose
    /// end is missing. Stops at the first fault, for nothing behind it can be trusted.
    /// </summary>
    public static async Task<AuditVerdict> VerifyAsync(IStore store, AuditKey key, AuditHead head, CancellationToken cancellation)
    {
        // First: what is sealed while we read is then behind it, and never missing.
        var expected = head.Read();
        var last = await LastSealAsync(store, cancellation);
        var (previous, entries, anchored) = (AuditSeal.None, 0L, expected is null);
        while (true)
        {
            var sealedEntries = await store.QueryAsync<SealedEntry>(
                """
                select a.id as Id, a.at as At, a.actor as Actor, a.action as Action, a.target as Target, a.detail as Detail, a.outcome as Outcome, a.trace as Trace, s.hash as Hash
                from sys_audit a left join sys_audit_seal s on s.id = a.id where a.id > @Id and a.id <= @until order by a.id limit @limit
                """,
                new { previous.Id, until = last.Id, limit = (long)Batch }, cancellation);
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

                previous = new AuditSeal(entry.Id, seal);
                anchored |= expected == previous;
                entries++;
            }
        }

        var unsealed = await store.FirstOrDefaultAsync<long>("select count(*) from sys_audit where id > @Id", new { last.Id }, cancellation);
        var seals = await store.FirstOrDefaultAsync<long>("select count(*) from sys_audit_seal where id <= @Id", new { last.Id }, cancellation);
        return new AuditVerdict(entries + unsealed, entries, seals != entries ? $"There are {seals} seals for {entries} entries: the last entry was removed."
            : !anchored ? $"The trail was sealed up to entry {expected!.Id} once, and that seal is not in it any more: its end was removed, or all of it was made anew."
            : null);
    }

    private sealed record SealedEntry(long Id, long At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace, string? Hash)
    {
        public AuditEntry Entry => new(Id, At, Actor, Action, Target, Detail, Outcome, Trace);
    }
}
