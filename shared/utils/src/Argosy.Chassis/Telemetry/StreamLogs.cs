using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Telemetry;

/// <summary>
/// Logs to a stream, in one of the formats. Lines are composed where they are logged and written by one thread, through a bounded queue:
/// a slow reader costs lines, which are counted and confessed, and never holds up the work.
/// </summary>
public sealed class StreamLogs : ILoggerProvider
{
    private const int Capacity = 8192;
    private const int LargestWrite = 64 * 1024;
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<byte[]> _lines = new(Capacity);
    private readonly ILogFormat _format;
    private readonly TimeProvider _time;
    private readonly Thread _writer;
    private long _lost;

    /// <summary>Logs to a stream, which is closed at the end.</summary>
    public StreamLogs(Stream output, ILogFormat format, TimeProvider time)
    {
        _format = format;
        _time = time;
        _writer = new Thread(() => WriteAll(output)) { IsBackground = true, Name = "logs" };
        _writer.Start();
    }

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    /// <inheritdoc />
    public void Dispose()
    {
        if (_lines.IsAddingCompleted)
        {
            return;
        }

        // What is queued is still written, but a reader that has stopped reading does not keep the process alive.
        _lines.CompleteAdding();
        if (_writer.Join(LastWrite))
        {
            _lines.Dispose();
        }
    }

    private void Add<TState>(LogLevel level, string category, TState state, Exception? exception, string message)
    {
        var line = _format.Compose(_time.GetUtcNow(), level, category, state, exception, message);
        try
        {
            if (!_lines.TryAdd(line))
            {
                Interlocked.Increment(ref _lost);
            }
        }
        catch (InvalidOperationException)
        {
            // Closed (ObjectDisposedException is one of these): whoever logs after the end of the process's work is not heard.
        }
    }

    private void WriteAll(Stream output)
    {
        var batch = new ArrayBufferWriter<byte>(LargestWrite);
        try
        {
            using (output)
            {
                foreach (var first in _lines.GetConsumingEnumerable())
                {
                    batch.Write(first);
                    while (batch.WrittenCount < LargestWrite && _lines.TryTake(out var next))
                    {
                        batch.Write(next);
                    }

                    Confess(batch);
                    output.Write(batch.WrittenSpan);
                    output.Flush();
                    batch.ResetWrittenCount();
                }
            }
        }
        catch (IOException)
        {
            // Nobody reads standard output any more. The service goes on without logs; its launcher's end is noticed elsewhere.
            _lines.CompleteAdding();
        }
    }

    private void Confess(ArrayBufferWriter<byte> batch)
    {
        var count = Interlocked.Exchange(ref _lost, 0);
        if (count > 0)
        {
            const string Template = "{Lines} log lines were lost: the reader is too slow";
            KeyValuePair<string, object?>[] state = [new("Lines", count), new("{OriginalFormat}", Template)];
            batch.Write(_format.Compose(_time.GetUtcNow(), LogLevel.Warning, typeof(StreamLogs).FullName!, state, null,
                $"{count} log lines were lost: the reader is too slow"));
        }
    }

    // Scopes are left out: what is worth searching for is in the baggage or in the message's own fields.
    private sealed class Logger(StreamLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                logs.Add(logLevel, category, state, exception, formatter(state, exception));
            }
        }
    }
}
