using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// A service that refuses everybody who asks for the same says when it will look again (<see cref="Header"/>); until then who forwards to it gives that
/// answer itself, and it has the time for those that it let in. What it has learnt meanwhile counts from then on. Nobody else's request, path or instance
/// is touched. One door an instance, the last that it closed: few close one, and a bound needs no eviction.
/// </summary>
public sealed class ClosedDoor(TimeProvider time)
{
    /// <summary>For how many milliseconds everybody is refused who sends this method to this path. Between our processes: clients don't see it.</summary>
    public const string Header = "X-Closed-Ms";

    // Whatever it says: a door that is closed for longer is asked again.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private Closing? _closing;

    /// <summary>Learns from a refusal; what is no number of milliseconds closes nothing.</summary>
    public void Note(string method, string path, StringValues milliseconds)
    {
        if (int.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var said))
        {
            var lasts = TimeSpan.FromMilliseconds(said);
            Volatile.Write(ref _closing, new Closing(method, path, time.GetTimestamp(), lasts < Longest ? lasts : Longest));
        }
    }

    /// <summary>What the instance would answer; null where it has to be asked.</summary>
    public Problem? Refuse(string method, string path, Priority priority) => Volatile.Read(ref _closing) is { } closing
        && time.GetElapsedTime(closing.Since) < closing.Lasts
        && string.Equals(closing.Path, path, StringComparison.Ordinal) && string.Equals(closing.Method, method, StringComparison.Ordinal)
            ? Shed.Refuse(priority, "closed") : null;

    private sealed record Closing(string Method, string Path, long Since, TimeSpan Lasts);
}
