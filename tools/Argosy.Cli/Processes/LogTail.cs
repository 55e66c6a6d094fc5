using System.Text;

namespace Argosy.Cli.Processes;

/// <summary>The last lines of a log, read from its end.</summary>
internal static class LogTail
{
    private const int BytesPerLine = 4096;

    public static IReadOnlyList<string> Of(string path, int lines) => Of(path, lines, out _);

    /// <summary>Of the lines with a text the last ones, from the older files too, which are bounded as this one is.</summary>
    public static IReadOnlyList<string> With(string text, string path, int lines, out long end)
    {
        var newest = Of(path, int.MaxValue, out end);
        return [.. LogFile.Older(path).SelectMany(older => Of(older, int.MaxValue)).Concat(newest).Where(line => Has(line, text)).TakeLast(lines)];
    }

    public static bool Has(string line, string text) => line.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>Also where it ends, for whoever goes on reading from there.</summary>
    public static IReadOnlyList<string> Of(string path, int lines, out long end)
    {
        end = 0;
        if (!File.Exists(path))
        {
            return [];
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var start = Math.Max(0, stream.Length - ((long)lines * BytesPerLine));
        stream.Position = start;
        var bytes = new byte[stream.Length - start];
        stream.ReadExactly(bytes);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        end = start + whole;
        var tail = Encoding.UTF8.GetString(bytes.AsSpan(0, whole)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return start > 0 && tail.Length > 1 ? [.. tail.Skip(1).TakeLast(lines)] : [.. tail.TakeLast(lines)];
    }
}
