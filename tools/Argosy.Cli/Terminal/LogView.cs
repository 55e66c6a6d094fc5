using System.Text;
using Spectre.Console;

namespace Argosy.Cli.Terminal;

/// <summary>Shows processes' log lines, one voice a line: aligned prefixes, a colour for each name.</summary>
internal sealed class LogView(IAnsiConsole console, IEnumerable<string> names)
{
    private static readonly Color[] Palette = [Color.Aqua, Color.Green, Color.Yellow, Color.Fuchsia, Color.DodgerBlue1, Color.Orange1, Color.SpringGreen1, Color.MediumPurple1, Color.SteelBlue1];
    private readonly List<string> _names = [.. names];
    private readonly Lock _showing = new();
    private volatile bool _open;

    /// <summary>
    /// From now on noteworthy lines are shown. Before, they would tear the table of the start; they are in the log files, and
    /// those of a failure are shown with it.
    /// </summary>
    public void Open() => _open = true;

    public void Show(LogLine line)
    {
        var index = Math.Max(0, _names.IndexOf(line.Process));
        var markup = line.Markup(_names.Max(n => n.Length), Palette[index % Palette.Length]);
        lock (_showing)
        {
            console.MarkupLine(markup);
        }
    }

    public void ShowNoteworthy(string process, ReadOnlyMemory<byte> lines)
    {
        if (!_open)
        {
            return;
        }

        foreach (var raw in Encoding.UTF8.GetString(lines.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var line = LogLine.Read(process, raw.TrimEnd('\r'));
            if (line.IsNoteworthy)
            {
                Show(line);
            }
        }
    }
}
