using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Notifications;

/// <summary>A mail to be written or erased, with all that it takes.</summary>
internal sealed record Delivery(
    string Id, string UserId, string State, long Attempts, string Context, long Created,
    string? Subject, string? Text, string? Email, string? Name) : IIntent;

/// <summary>
/// Writes mails as files, one for each notification, and erases them. The protocol:
/// <list type="number">
/// <item>The file's name is the notification's id, its content depends on nothing but the notification and the recipient.</item>
/// <item>It is written beside, flushed, and renamed: who looks sees all of a mail or none.</item>
/// <item>Then the row is marked. A crash in between writes the same file again.</item>
/// <item>No address yet: the row waits until <c>UserRegistered</c> makes it due again, and is given up after a day.</item>
/// </list>
/// </summary>
internal sealed partial class MailWorker(IStore store, NotificationOptions options, TimeProvider time, ILogger<MailWorker> log)
    : IntentWorker<Delivery>(store, new IntentWorkerOptions { Bulkhead = 8, Deadline = TimeSpan.FromSeconds(10) }, time, log)
{
    private readonly IStore _store = store;

    /// <summary>Where the mail of a notification is.</summary>
    public static string FileOf(string folder, string id) => Path.Combine(folder, $"{id}.eml");

    protected override Task<IReadOnlyList<Delivery>> DueAsync(long now, int limit, CancellationToken cancellation) => _store.QueryAsync<Delivery>(
        """
        select d.id as Id, d.user_id as UserId, d.state as State, d.attempts as Attempts, d.context as Context, d.created as Created,
               n.subject as Subject, n.text as Text, r.email as Email, r.name as Name
        from delivery d left join notification n on n.id = d.id left join recipient r on r.user_id = d.user_id
        where d.due <= @now order by d.due limit @limit
        """,
        new { now, limit = (long)limit }, cancellation);

    protected override Task RunAsync(Delivery intent, CancellationToken cancellation) => intent switch
    {
        { State: "erase" } => EraseAsync(intent, cancellation),
        { Subject: null } or { Text: null } => SettleAsync(intent, "given-up", null, "The notification is gone.", cancellation),
        { Email: null } when IsTooOld(intent) => GiveUpAsync(intent, "No address became known.", cancellation),
        { Email: null } => WaitAsync(intent, cancellation),
        _ => WriteAsync(intent, cancellation),
    };

    protected override void Postpone(WriteSet work, Delivery intent, DateTimeOffset dueAt, Exception error)
    {
        // An address that nobody can read any more has to go, however long that takes; a mail is old news after a day.
        var giveUp = intent.State != "erase" && IsTooOld(intent);
        if (giveUp)
        {
            LogGivenUp(log, intent.Id, error.Message);
        }

        Settle(work, intent, giveUp ? "given-up" : intent.State, giveUp ? null : dueAt, error.Message);
    }

    private async Task WriteAsync(Delivery intent, CancellationToken cancellation)
    {
        if (Mail.Compose(intent.Id, intent.Email!, intent.Name, intent.Subject!, intent.Text!, DateTimeOffset.FromUnixTimeMilliseconds(intent.Created)) is not { } mail)
        {
            await GiveUpAsync(intent, "The address is none that a mail can be sent to.", cancellation);
            return;
        }

        Directory.CreateDirectory(options.MailFolder);
        var temporary = TemporaryOf(intent.Id);
        await using (var file = new FileStream(temporary, Ours()))
        {
            await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(mail), cancellation);
            file.Flush(flushToDisk: true);
        }

        Failpoints.Hit("mail.before");
        File.Move(temporary, FileOf(options.MailFolder, intent.Id), overwrite: true);
        Failpoints.Hit("mail.after");
        await SettleAsync(intent, "sent", null, null, cancellation);
    }

    private Task EraseAsync(Delivery intent, CancellationToken cancellation)
    {
        if (Directory.Exists(options.MailFolder))
        {
            File.Delete(TemporaryOf(intent.Id));
            File.Delete(FileOf(options.MailFolder, intent.Id));
        }

        return SettleAsync(intent, "erased", null, null, cancellation);
    }

    // Guarded by what it rests on: an address that became known meanwhile is a conflict, and the mail is written.
    private async Task WaitAsync(Delivery intent, CancellationToken cancellation)
    {
        var work = WorkFor(intent, "wait");
        work.Require("select 1 where not exists (select 1 from recipient where user_id = @user and email is not null)", new { user = intent.UserId });
        Settle(work, intent, "waiting", DateTimeOffset.FromUnixTimeMilliseconds(intent.Created) + options.GiveUpAfter, null);
        (await _store.CommitAsync(work, cancellation)).Ensure();
    }

    private Task GiveUpAsync(Delivery intent, string why, CancellationToken cancellation)
    {
        LogGivenUp(log, intent.Id, why);
        return SettleAsync(intent, "given-up", null, why, cancellation);
    }

    private async Task SettleAsync(Delivery intent, string state, DateTimeOffset? due, string? error, CancellationToken cancellation)
    {
        var work = WorkFor(intent, state);
        Settle(work, intent, state, due, error);
        (await _store.CommitAsync(work, cancellation)).Ensure();
    }

    private static void Settle(WriteSet work, Delivery intent, string state, DateTimeOffset? due, string? error) => work.Execute(
        """
        update delivery set state = @state, due = @due, error = @error, attempts = attempts + 1
        where id = @id and state = @from and attempts = @attempts
        """,
        new { state, due = due?.ToUnixTimeMilliseconds(), error, id = intent.Id, from = intent.State, attempts = intent.Attempts }, rows: 1);

    private bool IsTooOld(Delivery intent) => Time.GetUtcNow() >= DateTimeOffset.FromUnixTimeMilliseconds(intent.Created) + options.GiveUpAfter;

    private string TemporaryOf(string id) => Path.Combine(options.MailFolder, $".{id}.tmp");

    // Mails hold addresses: nobody else on the machine reads them.
    private static FileStreamOptions Ours()
    {
        var ours = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            ours.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return ours;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mail of notification {NotificationId} is given up: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, string notificationId, string reason);
}
