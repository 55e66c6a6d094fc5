using System.Text;

namespace Argosy.Checker.History;

/// <summary>Writes a history while it happens. Many may write at once; a line is in the file when <see cref="Add"/> returns.</summary>
internal sealed class HistoryWriter : IDisposable
{
    private readonly Lock _writing = new();
    private readonly StreamWriter _file;

    public HistoryWriter(string path)
    {
        Path = path;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read };
        _file = new StreamWriter(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options) { AutoFlush = true };
    }

    public string Path { get; }

    public void Add(HistoryLine line)
    {
        var text = HistoryFile.Write(line);
        lock (_writing)
        {
            _file.WriteLine(text);
        }
    }

    public void Dispose() => _file.Dispose();
}
