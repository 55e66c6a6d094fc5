using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Sagas;

/// <summary>The sagas that a service runs: brings replies, deadlines and operators' actions to the right one.</summary>
public sealed partial class SagaRouter
{
    private readonly Dictionary<string, SagaDefinition> _definitions;
    private readonly Dictionary<string, SagaPace> _paces;
    private readonly ILogger<SagaRouter> _log;

    /// <summary>Takes the lists as they are written.</summary>
    /// <exception cref="InvalidOperationException">One of them cannot run, or two have the same type.</exception>
    public SagaRouter(IEnumerable<Saga> sagas, ILogger<SagaRouter> log)
    {
        _log = log;
        var lists = sagas.ToList();
        _definitions = lists.Select(saga => saga.Definition).DistinctBy(saga => saga.Type, StringComparer.Ordinal).ToDictionary(saga => saga.Type, StringComparer.Ordinal);
        if (_definitions.Count < lists.Count)
        {
            throw new InvalidOperationException("Two sagas have the same type, and would answer for each other.");
        }

        _paces = _definitions.Keys.ToDictionary(type => type, _ => new SagaPace(), StringComparer.Ordinal);
    }

    /// <summary>Every message that is a reply to one of the sagas' commands.</summary>
    public IReadOnlyCollection<MessageType> Replies => [.. _definitions.Values
        .SelectMany(saga => saga.Steps)
        .SelectMany(step => step.Do.Replies.Concat(step.Undo?.Replies ?? []))
        .Select(reply => MessageType.Of(reply.Type))
        .DistinctBy(type => type.Name, StringComparer.Ordinal)];

    internal IReadOnlyCollection<string> Types => _definitions.Keys;

    /// <summary>How fast sagas of a type are completed by this process.</summary>
    internal SagaPace PaceOf(string type) => _paces[type];

    /// <summary>Puts the replies among the service's handlers. One type has one handler: a reply is heard by its saga alone.</summary>
    internal void Register(HandlerTable handlers)
    {
        foreach (var reply in Replies)
        {
            handlers.Add(reply, (services, envelope, message, work, cancellation) =>
                HandleReplyAsync((IStore)services.GetService(typeof(IStore))!, envelope, message, work, cancellation));
        }
    }

    /// <summary>
    /// Brings a reply to the saga that its headers name. One without them (a participant says the same for other reasons too), or
    /// that is not waited for any more, changes nothing.
    /// </summary>
    public async Task HandleReplyAsync(
        IStore store, Envelope envelope, IMessage message, WriteSet work, CancellationToken cancellation)
    {
        if (SagaStepTag.Parse(envelope.Headers.SagaStep) is { } tag && envelope.Headers.SagaId is { } id && Find(id) is { } saga)
        {
            Note(id, work, await SagaRun.ApplyAsync(store, saga, id, new SagaInput.Replied(tag, message), work, cancellation));
        }
    }

    /// <summary>An operator helps along what does not end by itself; see <see cref="SagaAction"/>. What they did and why is kept in <c>sys_audit</c>.</summary>
    /// <returns>
    /// Null, or why not: 404 <c>saga.unknown</c>, 409 <c>saga.state</c> where its state does not allow it, 409 <c>saga.version</c> where it
    /// has moved since it was looked at.
    /// </returns>
    public async Task<Problem?> OperateAsync(IStore store, string id, SagaOperation operation, WriteSet work, CancellationToken cancellation)
    {
        if (Find(id) is not { } saga)
        {
            return SagaEngine.Unknown;
        }

        var outcome = await SagaRun.ApplyAsync(store, saga, id, new SagaInput.Operated(operation), work, cancellation);
        Note(id, work, outcome);
        return (outcome as SagaOutcome.Refused)?.Problem;
    }

    internal async Task ReachDeadlineAsync(
        IStore store, string id, int step, SagaDirection direction, WriteSet work, CancellationToken cancellation) =>
        Note(id, work, await SagaRun.ApplyAsync(store, Find(id)!, id, new SagaInput.DeadlineReached(step, direction), work, cancellation));

    internal SagaDefinition? Find(string id) => _definitions.GetValueOrDefault(TypeOf(id));

    private static string TypeOf(string id) => id.Split('/')[0];

    private void Note(string id, WriteSet work, SagaOutcome outcome)
    {
        switch (outcome)
        {
            case SagaOutcome.Ignored ignored:
                LogIgnored(_log, id, ignored.Why);
                break;
            case SagaOutcome.Moved { Callback: SagaCallback.Completed, After.History: [var start, ..] }:
                work.OnCounted(() => _paces[TypeOf(id)].Note(start.At, work.NowMilliseconds));
                break;
            case SagaOutcome.Moved { Callback: SagaCallback.Stuck } move:
                work.OnCounted(() => LogStuck(_log, id, move.Reason));
                break;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Saga {SagaId}: nothing changes, {Why}")]
    static partial void LogIgnored(ILogger logger, string sagaId, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Saga {SagaId} is stuck and needs an operator: {Why}")]
    static partial void LogStuck(ILogger logger, string sagaId, string why);
}
