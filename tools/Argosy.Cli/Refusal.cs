namespace Argosy.Cli;

/// <summary>What ends a verb: a sentence for the person at the terminal (what is wrong, with which value, what to do) and the exit code.</summary>
internal sealed class Refusal(string message, int exitCode = ExitCodes.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
