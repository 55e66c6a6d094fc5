namespace Argosy.Simulation;

/// <summary>A fault that struck: what, where, and at which of all the times that it could have.</summary>
/// <param name="Fault">What, for example <c>outage</c>.</param>
/// <param name="Where">Whom or what it struck, for example <c>order-service commits</c>.</param>
/// <param name="Nth">Counted from 0, within fault and place.</param>
/// <param name="Details">What else chance decided about it: milliseconds, minutes, which service.</param>
internal sealed record Strike(string Fault, string Where, int Nth, IReadOnlyList<int> Details)
{
    /// <summary>The turn in which it struck, for whoever reads it.</summary>
    public int Turn { get; init; }

    public override string ToString() => $"turn {Turn,5}: {Fault}, {Where}, time {Nth + 1}{(Details.Count > 0 ? $" ({string.Join(", ", Details)})" : "")}";
}

/// <summary>
/// Decides what goes wrong: the seed's chance does, or a schedule. Chance is asked in either case, so that a schedule of everything that
/// chance decided tells the same story, turn by turn; and every strike is written down, so that there is such a schedule.
/// </summary>
internal sealed class Misfortunes(Schedule? schedule = null)
{
    private readonly Dictionary<(string, string), int> _times = [];
    private readonly Dictionary<(string, string, int), Strike>? _planned = schedule?.Strikes.ToDictionary(strike => (strike.Fault, strike.Where, strike.Nth));
    private readonly List<Strike> _struck = [];
    private readonly List<int> _details = [];
    private Turns? _turns;
    private bool _isHealed;
    private int _asked;

    /// <summary>What the story is about, where not all of its seed's plan.</summary>
    public Schedule? Schedule => schedule;

    /// <summary>Everything that struck so far.</summary>
    public IReadOnlyList<Strike> Struck
    {
        get
        {
            Note();
            return _struck;
        }
    }

    public void Begin(Turns turns) => _turns = turns;

    public void Heal() => _isHealed = true;

    /// <summary>Whether it strikes here and now.</summary>
    public bool Strike(string fault, string where, double odds) => Strike(fault, where, _turns!.Chance.NextDouble() < odds);

    /// <summary>Whether it strikes here and now, where it is known already what chance says.</summary>
    public bool Strike(string fault, string where, bool drawn)
    {
        var nth = _times.GetValueOrDefault((fault, where));
        _times[(fault, where)] = nth + 1;
        Strike? planned = null;
        if (_isHealed || !(_planned?.TryGetValue((fault, where, nth), out planned) ?? drawn))
        {
            return false;
        }

        Note();
        _struck.Add(new Strike(fault, where, nth, planned?.Details ?? []) { Turn = _turns!.Taken });
        return true;
    }

    /// <summary>Something else about the last strike: what chance has drawn, or what the schedule says.</summary>
    public int Detail(int drawn)
    {
        var planned = _planned is null ? null : _struck[^1].Details;
        var value = planned is not null && _asked < planned.Count ? planned[_asked] : drawn;
        _asked++;
        _details.Add(value);
        return value;
    }

    // The details of a strike are known when the next one comes.
    private void Note()
    {
        if (_details.Count > 0)
        {
            _struck[^1] = _struck[^1] with { Details = [.. _details] };
        }

        _details.Clear();
        _asked = 0;
    }
}
