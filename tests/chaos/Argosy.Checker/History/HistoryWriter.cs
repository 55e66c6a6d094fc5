using System.Text;

namespace Argosy.Checker.History;

/// <summary>Writes a history while it happens. Many may write at once; a line is in the file when <see cref="Add"/> returns.</summary>
internal sealed class HistoryWriter : IDisposable
{
    private readonly Lock _writing = new();
    private readonly StreamWriter _file;
    private long _ops;

    public HistoryWriter(string path)
    {
        Path = path;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read };
        _file = new StreamWriter(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options) { AutoFlush = true };
    }

    public string Path { get; }

    /// <summary>A number for the next operation.</summary>
    public long NextOp() => Interlocked.Increment(ref _ops);

    public void Add(HistoryLine line)
    {
        var text = HistoryFile.Write(line);
        lock (_writing)
        {
            _file.WriteLine(text);
        }
    }

    /// <summary>A fault begins; it ends with <see cref="FaultEnds"/> of the same words.</summary>
    /// <param name="what">In a word or two: <c>kill</c>, <c>slow link</c>.</param>
    /// <param name="whom">A service, a server, or a link as <c>one → other</c>.</param>
    /// <param name="at">When.</param>
    public void FaultBegins(string what, string whom, DateTimeOffset at) => Add(new HistoryLine(Act.Fault, at, at) { Side = Side.Begin, Fault = what, Whom = whom });

    public void FaultEnds(string what, string whom, DateTimeOffset at) => Add(new HistoryLine(Act.Fault, at, at) { Side = Side.End, Fault = what, Whom = whom });

    /// <summary>No fault is left. What is asked from here on, once all is at rest, is asked as <see cref="HistoryLine.Final"/>.</summary>
    public void Healed(DateTimeOffset at) => Add(new HistoryLine(Act.Healed, at, at));

    public void Dispose() => _file.Dispose();
}
