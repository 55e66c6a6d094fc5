using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Argosy.Cli.Verbs;

/// <summary>What is wrong with a command line, in one sentence for a person: the parser speaks of .NET's types, and of everything at once.</summary>
internal static partial class UsageErrors
{
    private const string NoVerb = "Required command was not provided.";

    public static Refusal Of(ParseResult parsed)
    {
        var verb = parsed.CommandResult.Command;
        var help = verb == parsed.RootCommandResult.Command ? "./argosy --help" : $"./argosy {PathOf(parsed.CommandResult)} --help";

        // A verb that is misspelt is also a verb that is missing; the first says more.
        var messages = parsed.Errors.Select(e => e.Message).Where(m => m != NoVerb || parsed.Errors.Count == 1).Select(Plain).Distinct(StringComparer.Ordinal);
        return new Refusal($"{string.Join(" ", messages)} See {help}.", ExitCodes.Usage);
    }

    // A verb of a verb has its help there: chaos run.
    private static string PathOf(CommandResult verb) => verb.Parent is CommandResult { Parent: not null } above ? $"{PathOf(above)} {verb.Command.Name}" : verb.Command.Name;

    private static string Plain(string message) => WrongType.Match(message) is { Success: true } wrong
        ? $"{wrong.Groups["option"].Value} takes a {(wrong.Groups["type"].Value.Contains("Int", StringComparison.Ordinal) ? "whole " : "")}number, and not '{wrong.Groups["given"].Value}'."
        : string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex("^Cannot parse argument '(?<given>.*)' for option '(?<option>.*)' as expected type '(?<type>.*)'\\.$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex WrongType { get; }
}
