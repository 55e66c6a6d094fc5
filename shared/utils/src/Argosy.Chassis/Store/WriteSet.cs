using System.Diagnostics;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Google.Protobuf;

namespace Argosy.Chassis.Store;

/// <summary>
/// Everything that one decision changes: filled by a handler that calls nobody, committed by the pipeline as one piece.
/// Every row that the decision rests on is guarded by an expected version, by <c>rows:</c> or by <see cref="Require"/>.
/// </summary>
public sealed class WriteSet(MessageContext context, DateTimeOffset now)
{
    private readonly List<Statement> _statements = [];
    private readonly List<Action> _wakes = [];
    private readonly List<Action> _counts = [];
    private int _born;

    /// <summary>What caused this: the message being handled, the request, or the stored intent.</summary>
    public MessageContext Context { get; } = context;

    /// <summary>The only clock a handler knows, in whole milliseconds: what the tables keep, so that what is told now and what is read later agree.</summary>
    public DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());

    /// <summary>Whether nothing was asked for yet.</summary>
    public bool IsEmpty => _statements.Count == 0;

    internal IReadOnlyList<Statement> Statements => _statements;

    /// <summary>What is to run after an end like this one.</summary>
    internal IEnumerable<Action> After(CommitResult result) => result switch
    {
        CommitResult.Committed => _counts.Concat(_wakes),
        CommitResult.Unknown or CommitResult.Duplicate => _wakes,
        _ => [],
    };

    internal bool Publishes { get; private set; }

    internal bool Parks { get; private set; }

    /// <summary>The instant of this set in Unix milliseconds, as the tables keep it.</summary>
    public long NowMilliseconds => Now.ToUnixTimeMilliseconds();

    /// <summary>A new identity, derived from the cause: deciding again after a conflict gives the same one.</summary>
    public string NewId() => Ids.From($"{Context.Id}/{_born++}");

    /// <summary>Adds a statement; with <paramref name="rows"/> it must touch exactly so many, otherwise the set is in conflict.</summary>
    public void Execute(string sql, object? args = null, int? rows = null) => _statements.Add(new Statement(sql, args, rows));

    /// <summary>Adds a guard: a query that must return a row when the set commits, otherwise the set is in conflict.</summary>
    public void Require(string sql, object? args = null) => _statements.Add(new Statement(sql, args, 1, Mismatch.Conflict, IsQuery: true));

    /// <summary>
    /// Appends events to a stream that must be at version <paramref name="expected"/>; 0 means that it must not exist yet.
    /// Projections of the stream type run in the same commit.
    /// </summary>
    public void Append<TState, TEvent>(StreamType<TState, TEvent> type, string id, long expected, params IReadOnlyList<TEvent> events)
        where TEvent : notnull
    {
        if (events.Count > 0)
        {
            type.Append(this, id, expected, events);
        }
    }

    /// <summary>Puts a line into the audit trail, in the same commit: who did what to what. Kept for good, so no secret and no personal data.</summary>
    /// <param name="actor">An account, <c>svc:</c> and a client's id, <c>os:</c> and the number of a user of the machine, or a hash where only an address is known.</param>
    /// <param name="action">As <c>thing.verb</c>.</param>
    /// <param name="target">The thing's identity.</param>
    /// <param name="detail">What else there is to know.</param>
    /// <param name="outcome">How it went, where not as wanted.</param>
    public void Audit(string actor, string action, string target, string detail = "", string outcome = "done") =>
        Audit(actor, action, target, detail, outcome, Activity.Current?.TraceId.ToHexString() ?? "");

    /// <summary>The same of a trace that is over.</summary>
    internal void Audit(string actor, string action, string target, string detail, string outcome, string trace) => Execute(
        "insert into sys_audit (at, actor, action, target, detail, outcome, trace) values (@at, @actor, @action, @target, @detail, @outcome, @trace)",
        new { at = NowMilliseconds, actor, action, target, detail, outcome, trace }, rows: 1);

    /// <summary>Sends a message after, and only after, the commit. Its key is the field that the proto marks.</summary>
    public void Publish(IMessage message) => Publish(message, NewId(), Context.Cause());

    /// <summary>Sends a message with an identity and headers of the caller's: what the saga engine does with its commands.</summary>
    internal void Publish(IMessage message, string id, MessageHeaders headers)
    {
        Publishes = true;
        _statements.Add(Outbox.Insert(MessageType.Of(message), message, id, headers, Now));
    }

    /// <summary>Delivers a message to this service's own handler at <paramref name="due"/>, not before, and once.</summary>
    public void Schedule(IMessage message, DateTimeOffset due)
    {
        Parks = true;
        _statements.Add(Parking.Schedule(Envelope.Of(message, NewId(), Context.Source, Context.Cause(), Now), due));
    }

    /// <summary>
    /// Runs after the commit, on the writer's thread: only for waking somebody up, or for forgetting what was cached. A commit whose
    /// fate is unknown counts, and so does a repeat of one that is in, for that is how the unknown is settled: to wake nobody, or to
    /// keep what may be old, would be worse than to do it for nothing.
    /// </summary>
    public void OnCommitted(Action wake) => _wakes.Add(wake);

    /// <summary>Runs after a commit that is known to be done, and at most once for each: for counting.</summary>
    internal void OnCounted(Action count) => _counts.Add(count);

    internal void Add(Statement statement) => _statements.Add(statement);

    /// <summary>Puts a statement before all others: the inbox row comes first, so that a duplicate does no work.</summary>
    internal void AddFirst(Statement statement) => _statements.Insert(0, statement);

    internal void MarkParked() => Parks = true;

    /// <summary>Forgets everything, so that the handler can decide again on fresh reads.</summary>
    internal void Clear()
    {
        _statements.Clear();
        _wakes.Clear();
        _counts.Clear();
        _born = 0;
        Publishes = false;
        Parks = false;
    }
}
