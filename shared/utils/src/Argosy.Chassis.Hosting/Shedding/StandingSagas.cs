using System.Collections.Concurrent;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// Whether sagas of a type pile up: more than <see cref="Most"/> have not moved for <see cref="TooLong"/>, though others are completed. Then more
/// are begun than can be carried, wherever the narrow place is, and one more makes all of them later. Where none is completed nobody is overloaded,
/// somebody is away, and what is begun waits for them. Looked at when somebody asks, at most every <see cref="Every"/>; nobody waits for the answer.
/// </summary>
internal sealed class StandingSagas(IStore store, SagaRouter sagas, TimeProvider time)
{
    /// <summary>Fewer are no pile, however long they wait: a provider may be slow.</summary>
    public const int Most = 256;

    /// <summary>A step is a matter of milliseconds.</summary>
    public static readonly TimeSpan TooLong = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    // What was seen longer ago says nothing about now.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    // If none was completed for so long, none is.
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Look> _looks = new(StringComparer.Ordinal);      // one for each saga of the service

    /// <summary>True: begin no other.</summary>
    public bool Stand(string type) => _looks.GetOrAdd(type, key => new Look(store, sagas, time, key)).Stand();

    private sealed class Look(IStore store, SagaRouter sagas, TimeProvider time, string type)
    {
        private readonly Lock _gate = new();
        private Task _flight = Task.CompletedTask;
        private long? _at;
        private long? _completedAt;
        private long _completed;
        private bool _stand;

        public bool Stand()
        {
            lock (_gate)
            {
                var age = Since(_at);
                if (age >= Every && _flight.IsCompleted)
                {
                    _flight = ReadAsync();
                }

                return _stand && age < Fresh && Since(_completedAt) < Away;
            }
        }

        private TimeSpan Since(long? then) => then is { } at ? time.GetElapsedTime(at) : TimeSpan.MaxValue;

        private async Task ReadAsync()
        {
            await Task.Yield();     // out of the lock: SQLite answers on the caller's thread
            using var deadline = new CancellationTokenSource(Fresh, time);
            var stand = false;
            try
            {
                stand = await SagaRouter.StandAsync(store, type, Most, time.GetUtcNow() - TooLong, deadline.Token);
            }
            catch (Exception e) when (e is OperationCanceledException || store.IsTransient(e))
            {
                // A database that is away has its own answers.
            }

            lock (_gate)
            {
                var (now, completed) = (time.GetTimestamp(), sagas.Completed(type));
                _completedAt = completed == _completed ? _completedAt : now;
                (_completed, _stand, _at) = (completed, stand, now);
            }
        }
    }
}
