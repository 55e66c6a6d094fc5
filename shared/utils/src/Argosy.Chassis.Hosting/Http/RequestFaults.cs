using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// Says what is wrong with a request that does not bind. The framework's own texts name our types, so only the names of members
/// and parameters are taken from them; a test holds the patterns against the framework.
/// </summary>
internal static partial class RequestFaults
{
    public static Problem TooLarge { get; } = new(413, "body.too-large", "The body is larger than this endpoint takes.");

    public static Problem MediaType { get; } = new(415, "body.media-type", "The body must be JSON, sent as application/json.");

    public static Problem Explain(BadHttpRequestException bad) => bad.StatusCode switch
    {
        413 => TooLarge,
        415 => MediaType,
        408 => new Problem(408, "body.too-slow", "The body did not arrive in time."),
        400 when bad.InnerException is JsonException json => Explain(json),
        400 => Parameter(bad.Message),
        var status => new Problem(status, "request.invalid", "The request is not valid HTTP."),
    };

    private static Problem Explain(JsonException e)
    {
        var path = e.Path is { Length: > 2 } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : e.Path?.TrimStart('$') ?? "";
        if (e is MalformedException)
        {
            return Member(path, e.Message);
        }

        if (Unknown().Match(e.Message) is { Success: true } unknown)
        {
            return Member(Join(Parent(path, unknown.Groups["name"].Value), unknown.Groups["name"].Value), "is not a member this endpoint knows");
        }

        if (Twice().Match(e.Message) is { Success: true } twice)
        {
            return Member(Join(Parent(path, twice.Groups["name"].Value), twice.Groups["name"].Value), "appears twice");
        }

        if (Missing().Match(e.Message) is { Success: true } missing)
        {
            var names = Quoted().Matches(missing.Groups["name"].Value).Select(m => Join(path, m.Groups["name"].Value));
            return Problem.Invalid(names.ToDictionary(n => n, _ => new[] { "is required" }, StringComparer.Ordinal));
        }

        // A reader's exception inside means that the text itself is not JSON, or goes too deep.
        return e.InnerException is JsonException || path.Length == 0
            ? Problem.Invalid("body.malformed", $"The body is not JSON that this endpoint takes (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).")
            : Member(path, Wanted(e));
    }

    // The message itself names one of our types, mostly the one around; the reason inside names the kind of value.
    private static string Wanted(JsonException e) =>
        e.Message.Contains("doesn't allow null values", StringComparison.Ordinal) ? "must not be null"
        : e.Message.Contains("converted to System.Collections.Generic.IReadOnlyList", StringComparison.Ordinal) ? "must be a list"
        : Wanted(Kind().Match(e.InnerException?.Message ?? "").Groups["kind"].Value);

    private static string Wanted(string kind) => kind switch
    {
        "number" => "must be a number",
        "int" or "Int32" => "must be a whole number of 32 bits",
        "long" or "Int64" => "must be a whole number of 64 bits",
        "string" => "must be a string",
        "boolean" or "bool" => "must be true or false",
        _ => "does not have the type that belongs here",
    };

    private static Problem Parameter(string message)
    {
        var name = Named().Match(message) is { Success: true } m ? m.Groups["name"].Value : "";
        if (message.StartsWith("Failed to bind", StringComparison.Ordinal))
        {
            return Member(name, Wanted(Named().Match(message).Groups["kind"].Value));
        }

        return message.Contains("body", StringComparison.Ordinal) || name.Length == 0
            ? Problem.Invalid("body.required", "A JSON body is required.")
            : Member(name, "is required");
    }

    private static Problem Member(string member, string message) => member.Length == 0
        ? Problem.Invalid("request.invalid", $"The request {message}.")
        : Problem.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { [member] = [message] });

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    // The path of an unknown or repeated member ends with that member, or with its parent, depending on where the reader noticed.
    private static string Parent(string path, string name) =>
        path == name ? "" : path.EndsWith($".{name}", StringComparison.Ordinal) ? path[..^(name.Length + 1)] : path;

    [GeneratedRegex(@"^The JSON property '(?<name>[^']{1,100})' could not be mapped", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unknown();

    [GeneratedRegex(@"^Duplicate property '(?<name>[^']{1,100})'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Twice();

    [GeneratedRegex(@"missing required properties including: (?<name>.+)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Missing();

    [GeneratedRegex(@"^Cannot get the value of a token type '\w+' as a (?<kind>\w+)\.|out of bounds for an? (?<kind>\w+)\.", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Kind();

    [GeneratedRegex(@"'(?<name>[^']{1,100})'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();

    [GeneratedRegex("parameter \"(?:(?<kind>\\S+) )+(?<name>\\w+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();
}
