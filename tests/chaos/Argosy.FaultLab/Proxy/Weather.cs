namespace Argosy.FaultLab.Proxy;

/// <summary>What happens to bytes that go one way.</summary>
internal sealed record Flow
{
    public static Flow Free { get; } = new();

    /// <summary>Each byte arrives so much later; those behind it don't wait longer for that.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>And up to this much later still, evenly spread. Bytes keep their order, as TCP promises.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>At most so many; null: as fast as they come.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>
    /// Nothing arrives. What was sent is not lost: it arrives when the silence ends, if somebody still listens, as TCP would repeat it.
    /// </summary>
    public bool IsSilent { get; init; }
}

/// <summary>How a link is.</summary>
/// <param name="There">From those who connect to the one who listens.</param>
/// <param name="Back">The other way.</param>
/// <param name="IsCut">Whoever connects is reset at once, as by a machine on which nobody listens.</param>
internal sealed record Weather(Flow There, Flow Back, bool IsCut = false)
{
    public static Weather Fair { get; } = new(Flow.Free, Flow.Free);

    public static Weather Both(Flow flow) => new(flow, flow);
}
