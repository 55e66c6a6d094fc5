using System.Text;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Terminal;

/// <summary>Reads one log from its last lines on, over rotations too; with a text, the lines that have it, and from the oldest file that is kept.</summary>
internal sealed class LogFollower(string process, string path, int lines, string? text = null) : IDisposable
{
    private readonly MemoryStream _partial = new();
    private FileStream? _file;

    /// <summary>The lines that came since the last call.</summary>
    public IReadOnlyList<LogLine> ReadNew()
    {
        if (_file is null)
        {
            var tail = text is null ? LogTail.Of(path, lines, out var end) : LogTail.With(text, path, lines, out end);
            _file = Open();
            _file.Position = end;
            return [.. tail.Select(l => LogLine.Read(process, l))];
        }

        var found = ReadLines();
        if (WasRotated())
        {
            found.AddRange(ReadLines());
            _file.Dispose();
            _file = Open();
            found.AddRange(ReadLines());
        }

        return found;
    }

    public void Dispose()
    {
        _partial.Dispose();
        _file?.Dispose();
    }

    private List<LogLine> ReadLines()
    {
        _file!.CopyTo(_partial);
        var bytes = _partial.GetBuffer().AsSpan(0, (int)_partial.Length);
        var whole = bytes.LastIndexOf((byte)'\n') + 1;
        var said = Encoding.UTF8.GetString(bytes[..whole]);
        var rest = bytes[whole..].ToArray();
        _partial.SetLength(0);
        _partial.Write(rest);
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => text is null || LogTail.Has(l, text)).Select(l => LogLine.Read(process, l))];
    }

    // The writer renames the full file and begins a new one, so the name then leads to a file that is shorter than what was read.
    private bool WasRotated() => File.Exists(path) && new FileInfo(path).Length < _file!.Position;

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
