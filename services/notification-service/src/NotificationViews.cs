using Argosy.Chassis.Store;

namespace Argosy.Notifications;

/// <summary>A notification as it lies in the table.</summary>
internal sealed record NotificationRow(string Id, long Seq, string? OrderId, string Kind, string Subject, string Text, long At)
{
    public NotificationView ToView() => new(Id, OrderId, Kind, Subject, Text, DateTimeOffset.FromUnixTimeMilliseconds(At));
}

/// <summary>What customers were told.</summary>
internal sealed class NotificationViews(IStore store)
{
    private const string Select =
        "select id as Id, seq as Seq, order_id as OrderId, kind as Kind, subject as Subject, text as Text, at as At from notification";

    /// <summary>The newest first, before a given one.</summary>
    public Task<IReadOnlyList<NotificationRow>> ListAsync(string user, long before, int limit, CancellationToken cancellation) => store.QueryAsync<NotificationRow>(
        $"{Select} where user_id = @user and seq < @before order by seq desc limit @limit", new { user, before, limit = (long)limit }, cancellation);

    /// <summary>In the order in which they came, after a given one.</summary>
    public Task<IReadOnlyList<NotificationRow>> AfterAsync(string user, long after, int limit, CancellationToken cancellation) => store.QueryAsync<NotificationRow>(
        $"{Select} where user_id = @user and seq > @after order by seq limit @limit", new { user, after, limit = (long)limit }, cancellation);

    /// <summary>The number of the newest; 0 where there is none.</summary>
    public async Task<long> LastAsync(string user, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>("select max(seq) from notification where user_id = @user", new { user }, cancellation) ?? 0;
}
