using System.Globalization;
using System.Net;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;

namespace Argosy.Simulation;

/// <summary>
/// The transport between relays and inboxes. A batch is lost, comes late, comes twice, finds nobody; its answer is lost or comes
/// late. In a wild world its messages travel one by one, in any order, and the batch is acknowledged when all have arrived.
/// </summary>
internal sealed class Wire(string sender, Life life, Turns turns, Faults faults, Misfortunes misfortunes, Func<string, Service> find) : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellationToken.UnsafeRegister(_ => answer.TrySetCanceled(cancellationToken), null);
        var to = find(request.RequestUri!.Host);
        var batch = Read(request);
        turns.Trace.Say(turns, sender, $"sends to {to.Name}: {string.Join(' ', batch.Messages.Select(m => $"{Brief(m.Type)}#{m.Key[^4..]}"))}, epoch {batch.Positions.Epoch}, after {batch.Positions.Previous}");
        if (misfortunes.Strike("loss", Way(to), faults.Losses))
        {
            turns.Trace.Say(turns, "world", "loses it");
            to.Lost(answer);
            return answer.Task;
        }

        Travel(batch, to, answer);
        for (var repeats = 0; repeats < 3 && misfortunes.Strike("repeat", Way(to), faults.Repeats); repeats++)
        {
            Travel(batch, to, null);
        }

        return answer.Task;
    }

    private static Batch Read(HttpRequestMessage request)
    {
        long Number(string header) => long.Parse(request.Headers.GetValues(header).Single(), CultureInfo.InvariantCulture);
        using var body = request.Content!.ReadAsStream();
        var messages = CloudEventBatch.Parser.ParseFrom(body).Events.Select(Envelope.FromCloudEvent).ToList();
        return new Batch(messages, new BatchPositions(Number(BusHeaders.Epoch), Number(BusHeaders.Previous), Number(BusHeaders.Position)));
    }

    private void Travel(Batch batch, Service to, TaskCompletionSource<HttpResponseMessage>? answer)
    {
        if (misfortunes.Strike("break", Way(to), faults.Breaks))
        {
            turns.In(Delay(Way(to)), $"the connection from {sender} to {to.Name} breaks", () => Break(answer));
        }
        else if (faults.Wild)
        {
            var (left, fault) = (batch.Messages.Count, (string?)null);
            foreach (var message in batch.Messages)
            {
                turns.In(Delay(Way(to)), $"{Brief(message.Type)}#{message.Key[^4..]} from {sender} arrives at {to.Name}", () => to.Receive(sender, [message], null, error =>
                {
                    fault ??= error;
                    if (--left == 0)
                    {
                        Reply(to, fault, answer);
                    }
                }));
            }
        }
        else
        {
            turns.In(Delay(Way(to)), $"{batch.Messages.Count} from {sender} arrive at {to.Name}", () => to.Receive(sender, batch.Messages, batch.Positions, error => Reply(to, error, answer)));
        }
    }

    private void Reply(Service from, string? error, TaskCompletionSource<HttpResponseMessage>? answer)
    {
        if (answer is null)
        {
            return;
        }

        if (misfortunes.Strike("loss", Back(from), faults.Losses))
        {
            from.Lost(answer);
        }
        else if (misfortunes.Strike("break", Back(from), faults.Breaks))
        {
            turns.In(Delay(Back(from)), $"the connection from {from.Name} to {sender} breaks", () => Break(answer));
        }
        else
        {
            turns.In(Delay(Back(from)), $"{from.Name} answers {sender}: {error ?? "taken"}", () => Set(answer, error));
        }
    }

    private void Break(TaskCompletionSource<HttpResponseMessage>? answer)
    {
        if (life.IsAlive)
        {
            answer?.TrySetException(new HttpRequestException("The connection broke."));
        }
    }

    private void Set(TaskCompletionSource<HttpResponseMessage> answer, string? error)
    {
        if (life.IsAlive)
        {
            answer.TrySetResult(new HttpResponseMessage(error is null ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable) { Content = new StringContent(error ?? "") });
        }
    }

    private TimeSpan Delay(string way) => misfortunes.Strike("delay", way, faults.Delays)
        ? TimeSpan.FromMilliseconds(misfortunes.Detail(turns.Chance.Next(100, 40_000)))
        : TimeSpan.FromMicroseconds(turns.Chance.Next(100, 3000));

    private string Way(Service to) => $"{sender} to {to.Name}";

    private string Back(Service from) => $"{from.Name} back to {sender}";

    private static string Brief(string type) => type[(type.LastIndexOf('.') + 1)..];

    private sealed record Batch(IReadOnlyList<Envelope> Messages, BatchPositions Positions);
}
