using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>Whether the broker takes nothing at the moment, because its memory or disk is full: then messages wait here, not in a socket's buffers.</summary>
internal sealed partial class Blocked
{
    private volatile bool _now;

    private Blocked()
    {
    }

    public bool Now => _now;

    public static Blocked Watch(IConnection connection, ConfirmWindow window, ILogger log)
    {
        var blocked = new Blocked();
        connection.ConnectionBlockedAsync += (_, args) =>
        {
            blocked._now = true;
            LogBlocked(log, args.Reason);
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            blocked._now = false;
            window.Progress.Set();
            LogUnblocked(log);
            return Task.CompletedTask;
        };
        return blocked;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker takes no messages; they wait in the outbox: {Reason}")]
    private static partial void LogBlocked(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker takes messages again")]
    private static partial void LogUnblocked(ILogger logger);
}
