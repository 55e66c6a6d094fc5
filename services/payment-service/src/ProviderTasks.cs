using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Payments;

/// <summary>A payment with something left to do at the provider, and who waits for the outcome.</summary>
/// <param name="Id">The payment.</param>
/// <param name="Version">Rises when a handler says something new about it.</param>
/// <param name="Nudges">Rises when the provider does.</param>
/// <param name="CaptureReply">The saved context of the CapturePayment that waits for its reply.</param>
/// <param name="ReturnReply">The saved context of the RefundPayment that does.</param>
internal sealed record ProviderTask(string Id, long Attempts, string Context, long Version, long Nudges, string? CaptureReply, string? ReturnReply) : IIntent;

/// <summary>The table of <see cref="ProviderTask"/>s.</summary>
internal static class ProviderTasks
{
    /// <summary>There is something to do, now; with the context of this cause for the reply, where it waits for one.</summary>
    public static void Want(WriteSet work, string payment, bool captureWaits = false, bool returnWaits = false)
    {
        var context = work.Context.Save();
        work.Execute(
            """
            insert into provider_task (payment, due, attempts, version, nudges, context, capture_reply, return_reply)
            values (@payment, @now, 0, 1, 0, @context, @capture, @back)
            on conflict (payment) do update set due = excluded.due, attempts = 0, version = provider_task.version + 1, context = excluded.context,
                capture_reply = coalesce(excluded.capture_reply, provider_task.capture_reply),
                return_reply = coalesce(excluded.return_reply, provider_task.return_reply), error = null
            """,
            new { payment, now = work.NowMilliseconds, context, capture = captureWaits ? context : null, back = returnWaits ? context : null }, rows: 1);
    }

    /// <summary>The provider told us that something happened: look now instead of later. Nothing where nothing is left to do.</summary>
    public static void Nudge(WriteSet work, string payment) => work.Execute(
        "update provider_task set due = @now, nudges = nudges + 1 where payment = @payment", new { payment, now = work.NowMilliseconds });

    public static async Task<bool> ExistsAsync(IStore store, string payment, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<string>("select payment from provider_task where payment = @payment", new { payment }, cancellation) is not null;

    public static Task<IReadOnlyList<ProviderTask>> DueAsync(IStore store, long now, int limit, CancellationToken cancellation) => store.QueryAsync<ProviderTask>(
        """
        select payment as Id, attempts as Attempts, context as Context, version as Version, nudges as Nudges,
               capture_reply as CaptureReply, return_reply as ReturnReply
        from provider_task where due <= @now order by due limit @limit
        """, new { now, limit = (long)limit }, cancellation);

    /// <summary>Nothing is left to do; unless a handler has said something new.</summary>
    public static void Finish(WriteSet work, ProviderTask task) =>
        work.Execute("delete from provider_task where payment = @payment and version = @version", new { payment = task.Id, version = task.Version }, rows: 1);

    /// <summary>Later again; unless anybody has said something new.</summary>
    public static void Postpone(WriteSet work, ProviderTask task, DateTimeOffset due, string error) => work.Execute(
        "update provider_task set due = @due, attempts = attempts + 1, error = @error where payment = @payment and version = @version and nudges = @nudges",
        new { payment = task.Id, due = due.ToUnixTimeMilliseconds(), error, version = task.Version, nudges = task.Nudges }, rows: 1);
}
