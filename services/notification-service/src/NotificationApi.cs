using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Notifications;

/// <summary>A customer's own notifications, whoever asks: an administrator's are an administrator's.</summary>
internal static class NotificationApi
{
    private const int Batch = 100;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    public static void MapNotifications(this WebApplication app)
    {
        var notifications = app.MapGroup("/api/v1/notifications");
        notifications.MapGet("/", ListAsync)
            .WithSummary("List one's own notifications, the newest first").Answers<Page<NotificationView>>(200, "A page of notifications.");
        notifications.MapGet("/stream", StreamAsync).Streams().TakesHeader("Last-Event-ID", "The id of the last event that came; without it the stream begins now.")
            .WithSummary("Follow one's own notifications").Answers<string>(200, "Server-sent events: `notification`, and `heartbeat` while there is none.", "text/event-stream");
    }

    private static async Task<IResult> ListAsync(Paging paging, Caller caller, NotificationViews notifications, CancellationToken cancellation)
    {
        var before = long.MaxValue;
        if (paging.After is { } cursor && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Problem.Invalid("request.invalid", "The cursor must be the nextCursor of the page before.").ToResult();
        }

        var rows = await notifications.ListAsync(caller.Id, before, paging.Take, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.Seq.ToString(CultureInfo.InvariantCulture), row => row.ToView()));
    }

    // Each event's id counts the customer's notifications: who comes back with Last-Event-ID misses none and sees none twice.
    // Without it the stream begins with what comes from now on; the list has the rest. It ends with its token, for whoever has a new one to come back.
    private static async Task<IResult> StreamAsync(HttpContext http, Caller caller, NotificationViews notifications, NotificationFeed feed, TimeProvider time)
    {
        var header = http.Request.Headers["Last-Event-ID"].ToString();
        if (header.Length > 0 && !long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return Problem.Invalid("stream.last-event-id", "Last-Event-ID takes the id of the last event that came.").ToResult();
        }

        var last = header.Length > 0 ? long.Parse(header, CultureInfo.InvariantCulture) : await notifications.LastAsync(caller.Id, http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(FollowAsync(caller.Id, last, caller.Expires, notifications, feed, time, http.RequestAborted));
    }

    private static async IAsyncEnumerable<SseItem<NotificationView?>> FollowAsync(
        string user, long last, DateTimeOffset until, NotificationViews notifications, NotificationFeed feed, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var watch = feed.Subscribe(user);
        yield return Beat();        // the client sees at once that it is connected
        for (var quiet = time.GetTimestamp(); time.GetUtcNow() < until;)
        {
            var seen = watch.News.Version;
            var rows = await notifications.AfterAsync(user, last, Batch, cancellation);
            foreach (var row in rows)
            {
                last = row.Seq;
                yield return new SseItem<NotificationView?>(row.ToView(), "notification") { EventId = last.ToString(CultureInfo.InvariantCulture) };
            }

            if (rows.Count > 0)
            {
                quiet = time.GetTimestamp();
                continue;
            }

            if (time.GetElapsedTime(quiet) >= Heartbeat)
            {
                quiet = time.GetTimestamp();
                yield return Beat();
            }

            // The poll is for what another instance told the customer; our own commits wake us.
            await watch.News.WaitAsync(seen, Poll, time, cancellation);
        }
    }

    private static SseItem<NotificationView?> Beat() => new(null, "heartbeat");
}
