namespace Argosy.Cli.Processes;

/// <summary>
/// One process's log: <c>NAME.log</c>, and older ones as <c>NAME.1.log</c>, <c>NAME.2.log</c>. Rotated when the launcher starts and
/// when it grows over its bound, so a fleet that runs for months fills no disk.
/// </summary>
internal sealed class LogFile : IDisposable
{
    public const long DefaultBound = 20 * 1024 * 1024;
    private const int Generations = 3;
    private readonly Lock _writing = new();
    private readonly string _path;
    private readonly long _bound;
    private FileStream _stream;
    private bool _failed;

    public LogFile(string path, long bound = DefaultBound)
    {
        _path = path;
        _bound = bound;
        Rotate(path);
        _stream = Open();
    }

    /// <summary>Whole lines only: what two streams of a process say isn't mixed within a line.</summary>
    public void Append(ReadOnlySpan<byte> lines)
    {
        lock (_writing)
        {
            try
            {
                RotateWhenFull(lines.Length);
                _stream.Write(lines);
            }
            catch (IOException e) when (!_failed)
            {
                // A full disk costs log lines. It must not stop the reading, or the process would block on its next word.
                _failed = true;
                Console.Error.WriteLine($"argosy: {_path} can't be written ({e.Message}); lines are being lost");
            }
            catch (IOException)
            {
                // said once
            }
        }
    }

    private void RotateWhenFull(int more)
    {
        if (_stream.Length + more > _bound && _stream.Length > 0)
        {
            _stream.Dispose();
            Rotate(_path);
            _stream = Open();
        }
    }

    public static void Rotate(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return;
        }

        for (var older = Generations - 1; older > 0; older--)
        {
            var newer = older == 1 ? path : Generation(path, older - 1);
            if (File.Exists(newer))
            {
                File.Move(newer, Generation(path, older), overwrite: true);
            }
        }
    }

    /// <summary>The older files of a log, the oldest first.</summary>
    public static IEnumerable<string> Older(string path) =>
        Enumerable.Range(1, Generations - 1).Reverse().Select(number => Generation(path, number)).Where(File.Exists);

    public void Dispose() => _stream.Dispose();

    private static string Generation(string path, int number) => Path.ChangeExtension(path, $"{number}.log");

    private FileStream Open() =>
        new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
