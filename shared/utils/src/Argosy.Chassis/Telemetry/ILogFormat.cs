using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Telemetry;

/// <summary>How a log record becomes bytes. Whatever is in its values, it stays one record: nobody forges a line.</summary>
public interface ILogFormat
{
    /// <summary>The record, its line break included. May be called by many at once.</summary>
    byte[] Compose<TState>(DateTimeOffset at, LogLevel level, string category, TState state, Exception? exception, string message);
}
