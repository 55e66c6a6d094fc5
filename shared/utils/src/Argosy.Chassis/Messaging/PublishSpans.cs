using System.Diagnostics;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// A batch on its way: a span for each of its messages that is traced, ended when the batch is acknowledged or has failed. Each
/// message carries its own span over the wire, so that the other side's work hangs below it.
/// </summary>
internal sealed class PublishSpans : IDisposable
{
    private readonly List<Activity> _spans = [];

    public PublishSpans(IEnumerable<Envelope> batch, string subscriber, string system = BusTelemetry.Push)
    {
        Batch = [.. batch.Select(envelope => Begin(envelope, subscriber, system))];
    }

    /// <summary>The messages as they go out.</summary>
    public IReadOnlyList<Envelope> Batch { get; }

    public void Failed(Exception error)
    {
        foreach (var span in _spans)
        {
            span.SetTag("error.type", error.GetType().FullName).SetStatus(ActivityStatusCode.Error, error.Message);
        }
    }

    public void Dispose() => _spans.ForEach(span => span.Dispose());

    private Envelope Begin(Envelope envelope, string subscriber, string system)
    {
        // Many side by side: none of them is what the relay is doing now.
        var current = Activity.Current;
        var span = BusTelemetry.StartPublish(envelope, subscriber, system);
        Activity.Current = current;
        if (span is null)
        {
            return envelope;
        }

        _spans.Add(span);
        return envelope with { Headers = envelope.Headers with { TraceParent = span.Id, TraceState = span.TraceStateString } };
    }
}
