using Argosy.Chassis;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Contracts.User.V1;

namespace Argosy.Notifications;

/// <summary>What we do when others speak: note what the customer is to know, and that a mail is to be written, in one commit.</summary>
internal sealed class NotificationMessages(IStore store, NotificationFeed feed, MailWorker mail)
{
    public Task Handle(OrderConfirmed message, WriteSet work, CancellationToken cancellation) =>
        TellAsync(message.CustomerId, message.OrderId, Texts.OrderConfirmed(message.OrderId, message.Total.Amount, message.Total.Currency, message.TrackingNumber), work, cancellation);

    public Task Handle(OrderShipped message, WriteSet work, CancellationToken cancellation) =>
        TellAsync(message.CustomerId, message.OrderId, Texts.OrderShipped(message.OrderId, message.TrackingNumber), work, cancellation);

    public Task Handle(OrderCancelled message, WriteSet work, CancellationToken cancellation) =>
        TellAsync(message.CustomerId, message.OrderId, Texts.OrderCancelled(message.OrderId, message.Reason), work, cancellation);

    public Task Handle(UserRegistered message, WriteSet work, CancellationToken cancellation)
    {
        work.Execute(
            """
            insert into recipient (user_id, email, name) values (@user, @email, @name)
            on conflict (user_id) do update set email = @email, name = @name where recipient.erased is null
            """,
            new { user = message.UserId, email = message.Email, name = message.Name });
        work.Execute("update delivery set state = 'due', due = @now where user_id = @user and state = 'waiting'", new { now = work.NowMilliseconds, user = message.UserId });
        work.OnCommitted(mail.Wake);
        return Task.CompletedTask;
    }

    // Everything that is theirs goes: what we told them at once, mails by the worker, since a file cannot be part of a commit.
    public Task Handle(UserErased message, WriteSet work, CancellationToken cancellation)
    {
        work.Execute(
            """
            insert into recipient (user_id, erased) values (@user, @now)
            on conflict (user_id) do update set email = null, name = null, erased = @now
            """,
            new { user = message.UserId, now = work.NowMilliseconds });
        work.Execute("delete from notification where user_id = @user", new { user = message.UserId });
        work.Execute(
            "update delivery set state = 'erase', due = @now, attempts = 0 where user_id = @user and state not in ('erase', 'erased')",
            new { now = work.NowMilliseconds, user = message.UserId });
        work.OnCommitted(mail.Wake);
        return Task.CompletedTask;
    }

    // Its identity belongs to the order and the kind: an event that is said again under another id tells the customer nothing new.
    private async Task TellAsync(string user, string order, Notification notification, WriteSet work, CancellationToken cancellation)
    {
        var id = Ids.From($"notification/{order}/{notification.Kind}");
        var said = await store.FirstOrDefaultAsync<string>("select id from delivery where id = @id", new { id }, cancellation) is not null;
        var erased = await store.FirstOrDefaultAsync<long?>("select erased from recipient where user_id = @user", new { user }, cancellation) is not null;
        if (said || erased)
        {
            return;
        }

        work.Require("select 1 where not exists (select 1 from recipient where user_id = @user and erased is not null)", new { user });
        work.Execute(
            """
            insert into notification (id, user_id, seq, order_id, kind, subject, text, at)
            select @id, @user, coalesce(max(seq), 0) + 1, @order, @kind, @subject, @text, @now from notification where user_id = @user
            on conflict do nothing
            """,
            new { id, user, order, kind = notification.Kind, subject = notification.Subject, text = notification.Text, now = work.NowMilliseconds }, rows: 1);
        work.Execute(
            "insert into delivery (id, user_id, state, due, attempts, context, created) values (@id, @user, 'due', @now, 0, @context, @now) on conflict (id) do nothing",
            new { id, user, now = work.NowMilliseconds, context = work.Context.Save() }, rows: 1);
        work.OnCommitted(() => feed.Changed(user));
        work.OnCommitted(mail.Wake);
    }
}
