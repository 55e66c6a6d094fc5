using System.Globalization;
using System.Text.Json.Serialization;

namespace Argosy.PaymentProvider;

/// <summary>
/// What can be made worse while it runs, by <c>POST /knobs</c>; the start values come from the environment.
/// Rates are probabilities between 0 and 1, drawn for each mutating request.
/// </summary>
internal sealed record Knobs
{
    /// <summary>Every request waits this long (PROVIDER_LATENCY_MS).</summary>
    public int LatencyMs { get; init; }

    /// <summary>… and up to this much longer, evenly spread (PROVIDER_LATENCY_JITTER_MS).</summary>
    public int LatencyJitterMs { get; init; }

    /// <summary>How long tok_slow takes (PROVIDER_SLOW_MS).</summary>
    public int SlowMs { get; init; } = 2000;

    /// <summary>Answers 503 and does nothing (PROVIDER_REFUSE_RATE).</summary>
    public double RefuseRate { get; init; }

    /// <summary>Does it and answers 500, replayed to every retry with the same key (PROVIDER_ERROR_AFTER_RATE).</summary>
    public double ErrorAfterRate { get; init; }

    /// <summary>Does it and says nothing (PROVIDER_SILENCE_RATE).</summary>
    public double SilenceRate { get; init; }

    /// <summary>Webhooks leave this much later, as real ones do (PROVIDER_WEBHOOK_DELAY_MS).</summary>
    public int WebhookDelayMs { get; init; } = 500;

    /// <summary>A delivered webhook is delivered again (PROVIDER_WEBHOOK_DUPLICATE_RATE).</summary>
    public double WebhookDuplicateRate { get; init; }

    public static Knobs FromEnvironment(Func<string, string?> variable) => new()
    {
        LatencyMs = Whole(variable, "PROVIDER_LATENCY_MS", 0),
        LatencyJitterMs = Whole(variable, "PROVIDER_LATENCY_JITTER_MS", 0),
        SlowMs = Whole(variable, "PROVIDER_SLOW_MS", 2000),
        RefuseRate = Rate(variable, "PROVIDER_REFUSE_RATE"),
        ErrorAfterRate = Rate(variable, "PROVIDER_ERROR_AFTER_RATE"),
        SilenceRate = Rate(variable, "PROVIDER_SILENCE_RATE"),
        WebhookDelayMs = Whole(variable, "PROVIDER_WEBHOOK_DELAY_MS", 500),
        WebhookDuplicateRate = Rate(variable, "PROVIDER_WEBHOOK_DUPLICATE_RATE"),
    };

    /// <summary>Lays the members that a request names over these.</summary>
    public Knobs With(KnobsChange change) => new()
    {
        LatencyMs = change.LatencyMs ?? LatencyMs,
        LatencyJitterMs = change.LatencyJitterMs ?? LatencyJitterMs,
        SlowMs = change.SlowMs ?? SlowMs,
        RefuseRate = change.RefuseRate ?? RefuseRate,
        ErrorAfterRate = change.ErrorAfterRate ?? ErrorAfterRate,
        SilenceRate = change.SilenceRate ?? SilenceRate,
        WebhookDelayMs = change.WebhookDelayMs ?? WebhookDelayMs,
        WebhookDuplicateRate = change.WebhookDuplicateRate ?? WebhookDuplicateRate,
    };

    /// <summary>The first thing that is wrong with these values, or null.</summary>
    public string? Complaint()
    {
        (string Name, int Value)[] times =
            [("latencyMs", LatencyMs), ("latencyJitterMs", LatencyJitterMs), ("slowMs", SlowMs), ("webhookDelayMs", WebhookDelayMs)];
        (string Name, double Value)[] rates =
            [("refuseRate", RefuseRate), ("errorAfterRate", ErrorAfterRate), ("silenceRate", SilenceRate), ("webhookDuplicateRate", WebhookDuplicateRate)];
        return times.Where(t => t.Value is < 0 or > 600_000).Select(t => $"{t.Name} is {t.Value}; it must be 0 to 600000").FirstOrDefault()
            ?? rates.Where(r => r.Value is not (>= 0 and <= 1)).Select(r => $"{r.Name} is {r.Value}; it must be 0 to 1").FirstOrDefault();
    }

    private static int Whole(Func<string, string?> variable, string name, int otherwise) => variable(name) switch
    {
        null or "" => otherwise,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 600_000 => value,
        var text => throw new ConfigurationException(name, $"is '{text}'; give milliseconds from 0 to 600000"),
    };

    private static double Rate(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" => 0,
        var text when double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= 1 => value,
        var text => throw new ConfigurationException(name, $"is '{text}'; give a probability from 0 to 1, such as 0.05"),
    };
}

/// <summary>The body of <c>POST /knobs</c>: members that are absent stay as they are, unknown ones are refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record KnobsChange(
    int? LatencyMs = null, int? LatencyJitterMs = null, int? SlowMs = null, double? RefuseRate = null,
    double? ErrorAfterRate = null, double? SilenceRate = null, int? WebhookDelayMs = null, double? WebhookDuplicateRate = null);

/// <summary>The knobs as they stand, shared by all requests.</summary>
internal sealed class Panel(Knobs knobs)
{
    private Knobs _knobs = knobs;

    public Knobs Knobs => Volatile.Read(ref _knobs);

    /// <summary>Turns them; answers what is wrong with the new values, and then leaves the old.</summary>
    public string? Turn(KnobsChange change)
    {
        while (true)
        {
            var (before, after) = (Knobs, Knobs.With(change));
            if (after.Complaint() is { } complaint)
            {
                return complaint;
            }

            if (Interlocked.CompareExchange(ref _knobs, after, before) == before)
            {
                return null;
            }
        }
    }

    /// <summary>Draws once with this probability.</summary>
    public static bool Strikes(double rate) => rate > 0 && Random.Shared.NextDouble() < rate;
}
