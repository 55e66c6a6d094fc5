using System.CommandLine;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>
/// What the scripts ask before they build for minutes: would this command line be refused? A launcher that is older than its sources does
/// not know what the new one takes, and objects to nothing.
/// </summary>
internal static class Beforehand
{
    /// <summary>The first word of such a question; the command line follows.</summary>
    public const string Option = "--parse-only";

    public static int Check(ParseResult parsed, CliContext cli)
    {
        if (parsed.Errors.Count == 0 || IsOlderThan(cli.Repository.LauncherSources))
        {
            return ExitCodes.Done;
        }

        cli.Screen.Say($"argosy: {UsageErrors.Of(parsed).Message}");
        return ExitCodes.Refused;
    }

    private static bool IsOlderThan(string folder)
    {
        var built = File.GetLastWriteTimeUtc(typeof(Beforehand).Assembly.Location);
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Any(source => File.GetLastWriteTimeUtc(source) > built);
    }
}
