namespace Argosy.Chassis;

/// <summary>What a rule decided: events that happened, nothing at all, or a refusal.</summary>
/// <typeparam name="TEvent">The base of an aggregate's events; a class, since C# allows no conversion from interfaces.</typeparam>
public sealed class Decision<TEvent> where TEvent : class
{
    private Decision(IReadOnlyList<TEvent> events, Problem? problem)
    {
        Events = events;
        Problem = problem;
    }

    /// <summary>Nothing changes, and that is fine: a repeat, for instance.</summary>
    public static Decision<TEvent> Nothing { get; } = new([], null);

    /// <summary>What happened, in order; empty when refused.</summary>
    public IReadOnlyList<TEvent> Events { get; }

    /// <summary>Why not; null unless refused.</summary>
    public Problem? Problem { get; }

    /// <summary>One event.</summary>
    public static implicit operator Decision<TEvent>(TEvent happened) => new([happened], null);

    /// <summary>A refusal.</summary>
    public static implicit operator Decision<TEvent>(Problem refusal) => new([], refusal);

    /// <summary>Several events; the array is taken as it is.</summary>
    public static implicit operator Decision<TEvent>(TEvent[] happened) => new(happened, null);

    /// <summary>Several events; the list is copied.</summary>
    public static implicit operator Decision<TEvent>(List<TEvent> happened) => new([.. happened], null);
}
