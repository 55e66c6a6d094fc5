using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Argosy.Chassis.Messaging.Wire;
using Argosy.Chassis.Store;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Messaging;

/// <summary>Who is to get which messages, and where.</summary>
/// <param name="Name">The subscribing service.</param>
/// <param name="Address">Where its <c>/bus/v1</c> is.</param>
/// <param name="Types">The message types of ours that it handles.</param>
public sealed record Subscriber(string Name, Uri Address, IReadOnlyList<string> Types);

/// <summary>The names of what goes beside a batch.</summary>
public static class BusHeaders
{
    /// <summary>Rises with every start of the relay; a receiver refuses a lower one.</summary>
    public const string Epoch = "X-Bus-Epoch";

    /// <summary>The position after which the batch begins.</summary>
    public const string Previous = "X-Bus-Previous";

    /// <summary>The position of the batch's last message.</summary>
    public const string Position = "X-Bus-Position";

    /// <summary>CloudEvents protobuf batch.</summary>
    public const string ContentType = "application/cloudevents-batch+protobuf";
}

/// <summary>Another relay has taken the cursor: this one's word counts no more.</summary>
internal sealed class RelayReplacedException(string message) : Exception(message);

/// <summary>
/// Pushes the outbox to one subscriber. The protocol:
/// <list type="number">
/// <item>Take the cursor and raise its epoch, durably: an older relay's word counts no more.</item>
/// <item>Read what lies after the cursor, of the types that the subscriber handles.</item>
/// <item>Send one batch, and wait: one batch in flight keeps the order.</item>
/// <item>2xx means that all of it is committed or parked over there: move the cursor. Anything else: the same batch again, after a pause.</item>
/// <item>Nothing to read: sleep until a commit publishes, or a second at most.</item>
/// </list>
/// A cursor that was not yet moved when the process died only means that a batch comes twice; the receiver's inbox knows it.
/// </summary>
internal sealed partial class PushRelay(
    string service, Subscriber subscriber, IStore store, HttpMessageInvoker http, Func<string, string> tokenFor, TimeProvider time, Random random, ILogger log) : IRelay
{
    private const int MaxBatch = 256;
    private const int SayEvery = 60;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SendDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NoteEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly string _cursor = CursorName(subscriber.Name);
    private DateTimeOffset _noteAt;
    private long _epoch;
    private long _position;      // acknowledged by the subscriber
    private long _sent;          // the last message that the subscriber took; what the next batch comes after
    private long _scanned;       // nothing for the subscriber lies between position and here

    /// <summary>What the subscriber's cursor is called in <c>bus_cursor</c>.</summary>
    public static string CursorName(string subscriber) => $"push/{subscriber}";

    /// <summary>
    /// Gives subscribers that are new a cursor at the head, before anything else of the service runs: what it publishes while it
    /// starts (a first catalogue, a first account) is for them already. Those that are known keep theirs.
    /// </summary>
    public static async Task RegisterAsync(string service, IReadOnlyList<Subscriber> subscribers, IStore store, TimeProvider time, CancellationToken cancellation)
    {
        var head = await Outbox.HeadAsync(store, cancellation);
        var work = new WriteSet(new MessageContext("relay/register", service, new MessageHeaders()), time.GetUtcNow());
        foreach (var subscriber in subscribers)
        {
            work.Execute("insert into bus_cursor (name, position, epoch) values (@name, @head, 0) on conflict (name) do nothing", new { name = CursorName(subscriber.Name), head });
        }

        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    /// <inheritdoc/>
    public string Subscriber => subscriber.Name;

    /// <inheritdoc/>
    public async Task<Backlog> BacklogAsync(int limit, CancellationToken cancellation) =>
        Volatile.Read(ref _epoch) == 0
            ? Backlog.Empty     // the cursor is not taken yet
            : await Outbox.BacklogAsync(store, Volatile.Read(ref _scanned), subscriber.Types, limit, cancellation);

    public async Task RunAsync(CancellationToken cancellation)
    {
        for (var failures = 0; ;)
        {
            var seen = store.Published.Version;
            try
            {
                if (_epoch == 0)
                {
                    await TakeCursorAsync(cancellation);
                }

                if (await PushOnceAsync(cancellation))
                {
                    failures = 0;
                    continue;
                }

                failures = 0;
            }
            catch (Exception e) when (e is not RelayReplacedException && !cancellation.IsCancellationRequested)
            {
                // Whatever it is, a subscriber that is down or a disk that is full: its messages wait, nothing else does, and it is tried again.
                if (failures++ % SayEvery == 0)
                {
                    LogAway(log, subscriber.Name, e.Message);
                }

                await Task.Delay(Pause(failures), time, cancellation);
                continue;
            }

            await store.Published.WaitAsync(seen, Poll, time, cancellation);
        }
    }

    private async Task TakeCursorAsync(CancellationToken cancellation)
    {
        var head = await Outbox.HeadAsync(store, cancellation);
        var work = Work();
        work.Execute(
            "insert into bus_cursor (name, position, epoch) values (@name, @head, 1) on conflict (name) do update set epoch = bus_cursor.epoch + 1",
            new { name = _cursor, head }, rows: 1);
        (await store.CommitAsync(work, cancellation)).Ensure();
        var row = await store.FirstOrDefaultAsync<CursorRow>("select position as Position, epoch as Epoch from bus_cursor where name = @name", new { name = _cursor }, cancellation);
        (_position, _scanned, _sent) = (row!.Position, row.Position, row.Position);
        Volatile.Write(ref _epoch, row.Epoch);
    }

    // True: there may be more.
    private async Task<bool> PushOnceAsync(CancellationToken cancellation)
    {
        var head = await Outbox.HeadAsync(store, cancellation);
        if (head <= _scanned)
        {
            return false;
        }

        var rows = await Outbox.ReadAsync(store, _scanned, subscriber.Types, MaxBatch, cancellation);
        if (rows.Count == 0)
        {
            await SkipToAsync(head, cancellation);
            return false;
        }

        await SendAsync(rows, cancellation);
        _sent = rows[^1].Seq;
        Failpoints.Hit("cursor.before");
        await MoveCursorAsync(rows[^1].Seq, cancellation);
        Failpoints.Hit("cursor.after");
        return true;
    }

    // What lies between holds nothing for this subscriber. Noted durably now and then, so that cleaning up may follow.
    private async Task SkipToAsync(long head, CancellationToken cancellation)
    {
        _scanned = head;
        if (time.GetUtcNow() >= _noteAt)
        {
            _noteAt = time.GetUtcNow() + NoteEvery;
            await MoveCursorAsync(head, cancellation);
        }
    }

    private async Task SendAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(SendDeadline, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        using var spans = new PublishSpans(rows.Select(row => row.ToEnvelope(service)), subscriber.Name);
        using var request = Request(spans.Batch, rows[^1].Seq);
        Failpoints.Hit("publish.before");
        try
        {
            using var response = await http.SendAsync(request, deadline.Token);
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.NoContent))
            {
                var why = await response.Content.ReadAsStringAsync(deadline.Token);
                throw new HttpRequestException($"{subscriber.Name} answered {(int)response.StatusCode}: {why[..Math.Min(why.Length, 300)]}");
            }
        }
        catch (HttpRequestException e)
        {
            spans.Failed(e);
            throw;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            spans.Failed(e);
            throw new TimeoutException($"{subscriber.Name} did not acknowledge a batch of {rows.Count} within {SendDeadline.TotalSeconds:0} s.", e);
        }

        BusTelemetry.Acknowledged(spans.Batch, subscriber.Name);
        Failpoints.Hit("publish.after");
    }

    private HttpRequestMessage Request(IReadOnlyList<Envelope> messages, long last)
    {
        var batch = new CloudEventBatch();
        batch.Events.AddRange(messages.Select(message => message.ToCloudEvent()));

        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(subscriber.Address, "/bus/v1"))
        {
            Content = new ByteArrayContent(batch.ToByteArray()),
            Version = HttpVersion.Version11,
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(BusHeaders.ContentType);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokenFor(subscriber.Name));
        request.Headers.Add(BusHeaders.Epoch, _epoch.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(BusHeaders.Previous, _sent.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(BusHeaders.Position, last.ToString(CultureInfo.InvariantCulture));
        return request;
    }

    private async Task MoveCursorAsync(long to, CancellationToken cancellation)
    {
        var work = Work();
        work.Execute("update bus_cursor set position = @to where name = @name and epoch = @epoch and position <= @to", new { to, name = _cursor, epoch = _epoch }, rows: 1);
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict)
        {
            throw new RelayReplacedException($"Another relay to {subscriber.Name} has taken over (ours was epoch {_epoch}); this one stops.");
        }

        outcome.Ensure();
        _position = to;
        _scanned = Math.Max(_scanned, to);
    }

    private WriteSet Work() => new(new MessageContext($"relay/{subscriber.Name}", service, new MessageHeaders()), time.GetUtcNow());

    private TimeSpan Pause(int failures)
    {
        var full = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10)));
        return TimeSpan.FromMilliseconds((full / 2) + (random.NextDouble() * full / 2));
    }

    private sealed record CursorRow(long Position, long Epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Subscriber} does not take messages; they wait: {Reason}")]
    private static partial void LogAway(ILogger logger, string subscriber, string reason);
}
