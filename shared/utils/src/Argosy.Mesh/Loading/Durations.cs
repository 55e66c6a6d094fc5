using System.Buffers;
using System.Globalization;

namespace Argosy.Mesh.Loading;

/// <summary>Go's duration syntax without a sign: <c>1h2m</c>, <c>1.5s</c>, <c>500ms</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Ticks)[] Units =
    [
        ("ns", 0.01), ("us", TimeSpan.TicksPerMicrosecond), ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
    ];

    private static readonly SearchValues<char> Number = SearchValues.Create("0123456789.");

    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        var rest = text.AsSpan();
        var ticks = 0.0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Number);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var unit = rest.IndexOfAnyInRange('0', '9') is var next && next < 0 ? rest : rest[..next];
            if (!TryScale(unit, out var scale))
            {
                return false;
            }

            ticks += number * scale;
            rest = rest[unit.Length..];
        }

        if (text.Length == 0 || ticks > TimeSpan.FromDays(1).Ticks)
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)Math.Round(ticks));
        return true;
    }

    private static bool TryScale(ReadOnlySpan<char> unit, out double ticks)
    {
        foreach (var known in Units)
        {
            if (unit.SequenceEqual(known.Unit))
            {
                ticks = known.Ticks;
                return true;
            }
        }

        ticks = 0;
        return false;
    }
}
