using System.Diagnostics;

namespace Argosy.Chassis.Telemetry;

/// <summary>
/// The identifier that a caller gave to what they are doing; it outlives traces. It travels as activity baggage, so that
/// HttpClient and the bus carry it on, and as <see cref="Header"/> for callers who know no baggage.
/// </summary>
public static class Correlation
{
    /// <summary>The header, in requests and in answers.</summary>
    public const string Header = "X-Correlation-Id";

    /// <summary>The key in the baggage.</summary>
    public const string Baggage = "correlation.id";

    // An id of any usual form fits (UUID, ULID, trace id, AWS's); no token, refresh token or API key of ours does, pasted by mistake.
    private const int Longest = 40;

    /// <summary>The correlation id of the work that is being done, or null outside of any.</summary>
    public static string? Current => Activity.Current?.GetBaggageItem(Baggage);

    /// <summary>
    /// Gives an activity its correlation id: the one offered where it is usable, else the one it already carries, else its trace id.
    /// </summary>
    public static string Adopt(Activity activity, string? offered)
    {
        var carried = activity.GetBaggageItem(Baggage);
        var id = IsUsable(offered) ? offered! : IsUsable(carried) ? carried! : activity.TraceId.ToHexString();
        if (id != carried)
        {
            activity.SetBaggage(Baggage, id);
        }

        return id;
    }

    /// <summary>
    /// Up to 40 letters, digits, dots, dashes and underscores: nothing that could break a log line or a header, and no card number, for it is
    /// logged, and stored with messages.
    /// </summary>
    public static bool IsUsable(string? text) =>
        text is { Length: > 0 and <= Longest } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && !CardNumbers.AppearIn(text);
}
