namespace Argosy.Chassis.Resilience;

/// <summary>The caller's deadline passed before the work was done: 504, and whether it took effect is not known.</summary>
public sealed class DeadlineExceededException(Exception? inner = null) : ProblemException(Refusal, inner)
{
    /// <summary>What the caller is told.</summary>
    public static Problem Refusal { get; } = new(504, "deadline.exceeded", "The answer did not come before the caller's deadline.");
}
