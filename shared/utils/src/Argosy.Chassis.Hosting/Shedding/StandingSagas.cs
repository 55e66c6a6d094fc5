using System.Collections.Concurrent;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// Whether sagas of a type pile up: more than <see cref="Most"/> have not moved for as long as <see cref="SagaPace.Slow"/>, others are completed, and
/// none of these has been fast for a second (CoDel's minimum, RFC 8289). Then more are begun than can be carried, wherever the narrow place is, and
/// one more makes all of them later. Where none is completed somebody is away, where some are completed fast some wait for somebody: what is begun
/// may wait with them. Looked at when somebody asks, at most every <see cref="Every"/>; nobody waits for the answer.
/// </summary>
internal sealed partial class StandingSagas(IStore store, SagaRouter sagas, TimeProvider time, ILogger<StandingSagas> log)
{
    /// <summary>Fewer are no pile, however long they wait: a provider may be slow.</summary>
    public const int Most = 256;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    // About as long as a look takes.
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // What was seen longer ago says nothing about now.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    // If none was completed for so long, none is.
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Look> _looks = new(StringComparer.Ordinal);      // one for each saga of the service

    /// <summary>Until when to begin no other: the next look. Null: begin it.</summary>
    public TimeSpan? Stand(string type) => _looks.GetOrAdd(type, key => new Look(store, sagas.PaceOf(key), time, log, key)).Stand();

    private sealed partial class Look(IStore store, SagaPace pace, TimeProvider time, ILogger log, string type)
    {
        private readonly Lock _gate = new();
        private Task _flight = Task.CompletedTask;
        private long? _at;
        private bool _stand;

        public TimeSpan? Stand()
        {
            lock (_gate)
            {
                var age = _at is { } at ? time.GetElapsedTime(at) : TimeSpan.MaxValue;
                if (age >= Every && _flight.IsCompleted)
                {
                    _flight = ReadAsync();
                }

                var stand = _stand && age < Fresh && Since(pace.Any) < Away && Since(pace.Fast) >= Interval;
                return !stand ? null : age < Every ? Every - age : Soon;
            }
        }

        private TimeSpan Since(long completed) => time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(completed);

        // A reading that takes too long leaves what was known: under load is when it may.
        private async Task ReadAsync()
        {
            await Task.Yield();     // out of the lock: SQLite answers on the caller's thread
            using var deadline = new CancellationTokenSource(Patience, time);
            var stand = _stand;
            try
            {
                stand = await SagaRouter.StandAsync(store, type, Most, time.GetUtcNow() - SagaPace.Slow, deadline.Token);
            }
            catch (Exception e) when (e is OperationCanceledException || store.IsTransient(e))
            {
                // A database that is away has its own answers.
            }
            catch (Exception e)
            {
                LogFailed(log, e);      // nobody waits for it, who could be told
            }
            finally
            {
                lock (_gate)
                {
                    (_stand, _at) = (stand, time.GetTimestamp());
                }
            }
        }

        [LoggerMessage(Level = LogLevel.Error, Message = "Whether sagas pile up could not be seen")]
        private static partial void LogFailed(ILogger logger, Exception error);
    }
}
