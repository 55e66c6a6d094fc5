using System.Diagnostics;
using System.Globalization;

namespace Argosy.Chassis.Auditing;

/// <summary>
/// What strangers can make happen as often as they like: counted here, and a line in the audit trail for many of a kind, so that nobody fills
/// a disk with being refused. Never waits; <see cref="AuditTallyWriter"/> writes behind it. The protocol:
/// <list type="number">
/// <item>The first of a kind (who, what, why) is due at once, with its target and its trace.</item>
/// <item>What comes of the same kind within a minute is one line more, at the end of that minute, with its number.</item>
/// <item>A minute has places for <see cref="Places"/> kinds; whatever else comes is counted as of <c>others</c>, by what and why.</item>
/// </list>
/// </summary>
/// <param name="time">The clock.</param>
public sealed class AuditTally(TimeProvider time)
{
    /// <summary>Whose name is not told.</summary>
    internal const string Others = "others";

    /// <summary>Kinds that have a line of their own in a minute.</summary>
    internal const int Places = 16;

    internal static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<Kind, Tally> _open = [];

    /// <summary>Counts one.</summary>
    /// <param name="actor">As in <see cref="Store.WriteSet.Audit(string, string, string, string, string)"/>.</param>
    /// <param name="action">As <c>thing.verb</c>.</param>
    /// <param name="target">To what; that of the first of a kind is written down.</param>
    /// <param name="reason">Why, one of few words: with <paramref name="action"/> it is all that is told of <c>others</c>.</param>
    /// <param name="outcome">How it went; the same for all of an action.</param>
    public void Count(string actor, string action, string target, string reason = "", string outcome = "refused")
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            if (Find(new Kind(actor, action, reason)) is { } known)
            {
                known.Seen++;
                return;
            }

            if (_open.Count >= Places)
            {
                (actor, target) = (Others, "");
                if (Find(new Kind(actor, action, reason)) is { } others)
                {
                    others.Seen++;
                    return;
                }
            }

            _open.Add(new Kind(actor, action, reason), new Tally(target, outcome, Activity.Current?.TraceId.ToHexString() ?? "", now) { Seen = 1 });
        }
    }

    /// <summary>What is to be written now; with <paramref name="all"/>, whatever has not been.</summary>
    internal IReadOnlyList<AuditLine> Due(bool all = false)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            foreach (var (kind, tally) in _open)
            {
                if (tally.Seen == tally.Written && now >= tally.Until)
                {
                    _open.Remove(kind);
                }
            }

            return
            [
                .. _open.Where(open => open.Value.Seen > open.Value.Written && (all || open.Value.Written == 0 || now >= open.Value.Until)).Select(open => open.Value.LineOf(open.Key)),
            ];
        }
    }

    /// <summary>They are in the trail; what was counted meanwhile is still to come.</summary>
    internal void Written(IEnumerable<AuditLine> lines)
    {
        lock (_gate)
        {
            foreach (var line in lines)
            {
                _open[line.Kind].Written += line.Number;
            }
        }
    }

    private Tally? Find(Kind kind) => _open.GetValueOrDefault(kind);

    internal readonly record struct Kind(string Actor, string Action, string Reason);

    /// <summary>A line that is due, for so many.</summary>
    internal sealed record AuditLine(Kind Kind, string Target, string Outcome, string Trace, long Number)
    {
        public string Detail => Number == 1 ? Kind.Reason : string.Create(CultureInfo.InvariantCulture, $"{Kind.Reason}{(Kind.Reason.Length > 0 ? ", " : "")}{Number} times");
    }

    private sealed class Tally(string target, string outcome, string trace, DateTimeOffset first)
    {
        public DateTimeOffset Until { get; } = first + Window;

        public long Seen { get; set; }

        public long Written { get; set; }

        public AuditLine LineOf(Kind kind) => new(kind, target, outcome, trace, Seen - Written);
    }
}
