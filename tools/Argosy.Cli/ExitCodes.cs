namespace Argosy.Cli;

/// <summary>The exit codes of every verb; <c>./argosy --help</c> lists them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>What was asked for didn't succeed: a process didn't start, a demo doesn't add up, a test failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line can't be understood.</summary>
    public const int Usage = 2;

    /// <summary>The verb needs a running fleet and there is none in that data folder.</summary>
    public const int NotRunning = 3;

    /// <summary>Said to the scripts alone, before they build: this command line would be refused (BSD's EX_USAGE).</summary>
    public const int Refused = 64;

    /// <summary>A mistake in the launcher itself (BSD's EX_SOFTWARE).</summary>
    public const int Internal = 70;
}
