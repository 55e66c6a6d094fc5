using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Telemetry;

/// <summary>
/// One log record as a line for people: time (UTC), level, the category's last name, message and trace, aligned; an exception follows,
/// indented. Control characters come out as <c>·</c>, so that a value neither forges a line nor speaks to the terminal.
/// </summary>
public sealed class TextLogFormat : ILogFormat
{
    private const int CategoryWidth = 18;
    private const int LongestText = 16 * 1024;
    private const string Indent = "             ";

    /// <inheritdoc/>
    public byte[] Compose<TState>(DateTimeOffset at, LogLevel level, string category, TState state, Exception? exception, string message)
    {
        var line = new StringBuilder(256);
        line.Append(at.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append(' ');
        line.Append(NameOf(level)).Append(' ');
        line.Append(Short(category).PadRight(CategoryWidth)).Append(' ');
        AppendVisible(line, message);
        if (Activity.Current is { } activity)
        {
            line.Append("  trace=").Append(activity.TraceId.ToHexString());
        }

        line.Append('\n');
        foreach (var row in (exception?.ToString() ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            line.Append(Indent);
            AppendVisible(line, row.TrimEnd());
            line.Append('\n');
        }

        return Encoding.UTF8.GetBytes(line.ToString());
    }

    private static string Short(string category)
    {
        var name = category[(category.LastIndexOf('.') + 1)..];
        return name.Length <= CategoryWidth ? name : $"{name.AsSpan(0, CategoryWidth - 1)}…";
    }

    private static void AppendVisible(StringBuilder line, string text)
    {
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestText)))
        {
            line.Append(char.IsControl(c) ? '·' : c);
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}
