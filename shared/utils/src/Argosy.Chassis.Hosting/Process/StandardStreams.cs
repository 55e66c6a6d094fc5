namespace Argosy.Chassis.Hosting;

/// <summary>The one file that touches the process's own streams: log lines out, configuration errors out, the launcher's end in.</summary>
internal static class StandardStreams
{
    /// <summary>Whether a person reads standard output, and not a program.</summary>
    public static bool IsTerminal => !Console.IsOutputRedirected;

    public static Stream OpenOutput() => Console.OpenStandardOutput();

    public static void WriteError(string line) => Console.Error.WriteLine(line);

    /// <summary>Completes at the end of standard input. Reading blocks a thread of its own: pipes know no cancellation.</summary>
    public static Task InputEnded() => Task.Factory.StartNew(static () =>
    {
        using var input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
