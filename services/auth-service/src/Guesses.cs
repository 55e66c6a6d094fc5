using System.Globalization;
using Argosy.Chassis;

namespace Argosy.Auth;

/// <summary>How often somebody guessed at an address lately, and until when its owner and everybody else have to wait.</summary>
/// <remarks>
/// After five guesses the wait doubles from a second to a minute, and is the same for everybody: an address gets some 1,400 guesses a day.
/// No address is locked, but whoever goes on guessing makes its owner wait a minute, too, and be the first to try after it; with longer waits
/// strangers could keep people out (ASVS 5 §6.1.1). Sessions that are there go on. An hour without a guess forgets all.
/// </remarks>
/// <param name="Failures">Guesses since the last success or the last quiet hour, those under way included.</param>
/// <param name="FailedAt">When the last one was made, in Unix milliseconds.</param>
/// <param name="BlockedUntil">Unix milliseconds.</param>
internal sealed record Guesses(long Failures, long FailedAt, long BlockedUntil)
{
    private const int Free = 5;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>How long a guess is remembered.</summary>
    public static TimeSpan Memory { get; } = TimeSpan.FromHours(1);

    /// <summary>The refusal while blocked, else null.</summary>
    public static Problem? Blocked(Guesses? seen, DateTimeOffset now) =>
        seen is not null && DateTimeOffset.FromUnixTimeMilliseconds(seen.BlockedUntil) - now is var wait && wait > TimeSpan.Zero
            ? TooMany(wait)
            : null;

    /// <summary>The count with one guess more.</summary>
    public static Guesses After(Guesses? seen, DateTimeOffset now)
    {
        var failures = seen is null || seen.IsForgotten(now) ? 1 : seen.Failures + 1;
        return new Guesses(failures, now.ToUnixTimeMilliseconds(), (now + WaitAfter(failures)).ToUnixTimeMilliseconds());
    }

    /// <summary>Whether the last guess is too long ago to count.</summary>
    public bool IsForgotten(DateTimeOffset now) => FailedAt < (now - Memory).ToUnixTimeMilliseconds();

    /// <summary>Nothing for the first five, then 1 s, 2 s, 4 s … 1 min.</summary>
    public static TimeSpan WaitAfter(long failures) => failures <= Free
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, Math.Pow(2, Math.Min(failures - Free - 1, 20))));

    public static Problem TooMany(TimeSpan wait) =>
        Problem.TooMany("auth.guesses", string.Create(
            CultureInfo.InvariantCulture, $"There were too many attempts to log in with this e-mail address; wait {Math.Ceiling(wait.TotalSeconds):0} s before the next one."), wait);
}
