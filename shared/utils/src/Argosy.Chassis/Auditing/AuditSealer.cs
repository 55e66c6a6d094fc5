using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Auditing;

/// <summary>
/// Chains the entries of the audit trail, within a second of their commit. Not in that commit: each entry would have to wait for the one
/// before it, and a hundred logins at once would be a hundred conflicts. The protocol:
/// <list type="number">
/// <item>One instance does it, by a lease; the last seal is guarded as well.</item>
/// <item>The head file's seal is still in the database, or nothing is sealed any more: to go on behind a trail that was changed would make
/// what was changed fit. Whoever has looked into it removes the file, and with it the claim of what was there.</item>
/// <item>Read what lies behind the last seal, in the order of its places, which is the order of commits.</item>
/// <item>Commit a seal for each; then write the last one to <see cref="AuditHead"/>, outside of the database.</item>
/// </list>
/// </summary>
internal sealed partial class AuditSealer(string service, IStore store, AuditKey key, AuditHead head, TimeProvider time, ILogger<AuditSealer> log) : BackgroundService
{
    private const int Batch = 256;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private bool _isTold;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new LeaseHolder("audit", store, time, log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await SealAsync(stoppingToken) == Batch)
                {
                    // A full batch: there may be more.
                }
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                LogAway(log, e.Message);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(log, e);
            }

            await Task.Delay(Every, time, stoppingToken);
        }
    }

    /// <summary>Seals one batch, and returns how many entries that were.</summary>
    internal async Task<int> SealAsync(CancellationToken cancellation)
    {
        var last = await AuditTrail.LastSealAsync(store, cancellation);
        var entries = await store.QueryAsync<AuditEntry>(
            $"select {AuditEntry.Columns} from sys_audit where id > @Id order by id limit @limit", new { last.Id, limit = (long)Batch }, cancellation);
        if (entries.Count == 0)
        {
            return 0;
        }

        if (head.Read() is { } known && !await AuditTrail.HasAsync(store, known, cancellation))
        {
            TellOnce(known);
            return 0;
        }

        var work = new WriteSet(new MessageContext($"audit/{last.Id}", service, new MessageHeaders()), time.GetUtcNow());
        work.Require("select 1 where not exists (select 1 from sys_audit_seal where id > @Id)", new { last.Id });
        foreach (var entry in entries)
        {
            last = new AuditSeal(entry.Id, entry.SealAfter(last.Hash, key.Bytes));
            work.Execute("insert into sys_audit_seal (id, hash) values (@Id, @Hash)", last, rows: 1);
        }

        (await store.CommitAsync(work, cancellation)).Ensure();
        head.Write(last);
        return entries.Count;
    }

    private void TellOnce(AuditSeal known)
    {
        if (!_isTold)
        {
            LogBroken(log, known.Id, head.Path);
            _isTold = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit trail was sealed up to entry {Id}, says {File}, and that seal is not in the database any more: somebody has changed the trail. Nothing more is sealed until this has been looked into and the file removed")]
    private static partial void LogBroken(ILogger logger, long id, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The audit trail waits for its seals, the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sealing the audit trail failed; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception error);
}

/// <summary>What seals are made with; outside of the database, the same for all instances that share it.</summary>
internal sealed record AuditKey(byte[] Bytes);
