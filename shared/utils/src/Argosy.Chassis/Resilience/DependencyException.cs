namespace Argosy.Chassis.Resilience;

/// <summary>
/// A call to another service did not get an answer: unreachable, too slow, or not even tried. Left alone it becomes a 503 with
/// <c>Retry-After</c>; who can go on without the answer catches it.
/// </summary>
public class DependencyException(string name, string what, TimeSpan retryAfter, Exception? inner = null)
    : ProblemException(Problem.Unavailable("dependency.unavailable", $"{name} {what}; ask again later.", retryAfter), inner)
{
    /// <summary>Who did not answer.</summary>
    public string Name { get; } = name;
}

/// <summary>The breaker is open: the call was not made, and nobody waited.</summary>
/// <param name="name">The dependency.</param>
/// <param name="remaining">How much longer it stays open; zero while a probe is under way.</param>
public sealed class BreakerOpenException(string name, TimeSpan remaining)
    : DependencyException(name, "is unavailable at the moment", remaining > TimeSpan.FromSeconds(1) ? remaining : TimeSpan.FromSeconds(1));
