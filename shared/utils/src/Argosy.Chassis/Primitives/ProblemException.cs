namespace Argosy.Chassis;

/// <summary>
/// A refusal on its way through code that cannot return one: parameter binding, an interrupted stream. The error pipeline makes
/// the same problem details of it as of a returned <see cref="Problem"/>. Rules and handlers return; they don't throw.
/// </summary>
public class ProblemException(Problem problem, Exception? inner = null) : Exception(problem.Detail, inner)
{
    /// <summary>The refusal.</summary>
    public Problem Problem { get; } = problem;
}
