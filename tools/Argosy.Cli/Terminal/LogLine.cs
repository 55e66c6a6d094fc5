using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace Argosy.Cli.Terminal;

/// <summary>One line that a process wrote: an object of its structured log, or anything else that came out of it.</summary>
internal sealed partial record LogLine(string Process, string Raw)
{
    private const int ShortTrace = 8;

    public DateTimeOffset? At { get; private init; }

    public string Level { get; private init; } = "error";

    public string Category { get; private init; } = "";

    public string Message { get; private init; } = "";

    public string? Exception { get; private init; }

    public string? TraceId { get; private init; }

    private bool IsStructured { get; init; }

    /// <summary>What an operator wants to see without asking: whatever went wrong, and what the services themselves tell.</summary>
    public bool IsNoteworthy => Level is not ("trace" or "debug")
        && (Level != "info" || (Category.StartsWith("Argosy.", StringComparison.Ordinal) && !Category.StartsWith("Argosy.Chassis", StringComparison.Ordinal)));

    public static LogLine Read(string process, string raw)
    {
        try
        {
            return raw.StartsWith('{') ? ReadObject(process, raw) : Plain(process, raw);
        }
        catch (JsonException)
        {
            return Plain(process, raw);
        }
    }

    /// <summary>Spectre markup: a prefix as wide as its neighbours', the level, the message, and a stack trace below it.</summary>
    public string Markup(int nameWidth, Color color)
    {
        var prefix = $"[{color.ToMarkup()}]{Process.PadRight(nameWidth)} │[/] ";
        if (!IsStructured)
        {
            return prefix + Visible(Message);
        }

        var trace = TraceId is { Length: >= ShortTrace } ? $" [grey]trace={TraceId[..ShortTrace]}[/]" : "";
        var time = At is { } at ? $"[grey]{at.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)}[/] " : "";
        var stack = Exception is null ? "" : string.Concat(Exception.TrimEnd().Split('\n').Select(l => $"\n{prefix}  [grey]{Visible(l)}[/]"));
        return $"{prefix}{time}[{ColorOf(Level)}]{Level,-5}[/] {Visible(Message)}{trace}{stack}";
    }

    private static LogLine ReadObject(string process, string raw)
    {
        using var document = JsonDocument.Parse(raw);
        var root = document.RootElement;
        return new LogLine(process, raw)
        {
            IsStructured = true,
            At = Text(root, "timestamp") is { } at && DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, out var time) ? time : null,
            Level = ShortLevel(Text(root, "level")),
            Category = Text(root, "category") ?? "",
            Message = Text(root, "message") ?? "",
            Exception = Text(root, "exception"),
            TraceId = Text(root, "trace_id"),
        };
    }

    private static LogLine Plain(string process, string raw) => new(process, raw) { Message = raw };

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string ShortLevel(string? level) => level?.ToLowerInvariant() switch
    {
        "information" or "info" or null => "info",
        "warning" or "warn" => "warn",
        "critical" or "fatal" => "fatal",
        var other => other,
    };

    private static string ColorOf(string level) => level switch
    {
        "warn" => "yellow",
        "error" or "fatal" => "red",
        _ => "green",
    };

    // What a process says may come from anywhere; escape sequences in it must not reach the terminal.
    private static string Visible(string text) => Control().Replace(text, "·").EscapeMarkup();

    [GeneratedRegex(@"[\x00-\x08\x0b-\x1f\x7f-\x9f]", RegexOptions.None, 1000)]
    private static partial Regex Control();
}
