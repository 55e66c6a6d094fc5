using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Simulation;

/// <summary>A message as its outbox had it.</summary>
/// <param name="Service">Who published it.</param>
/// <param name="Seq">Its place in that outbox.</param>
/// <param name="Tag">The saga step that it belongs to, <c>2/undo/1</c>; null outside of a saga.</param>
/// <param name="Undoes">The commands that it undoes.</param>
internal sealed record Said(string Service, long Seq, string Id, string Type, string Key, string? Tag, IReadOnlyList<string> Undoes)
{
    /// <summary>The type without its package.</summary>
    public string Name => Type[(Type.LastIndexOf('.') + 1)..];
}

/// <summary>A message that had its effect.</summary>
internal sealed record Handled(string Service, string Id);

/// <summary>
/// What really happened, written down as it was committed by somebody who never dies: everything said and everything handled. The
/// laws are held against it, since outboxes and inboxes are cleaned up.
/// </summary>
internal sealed class Ledger
{
    private const string Inbox = "insert into bus_inbox";
    private readonly Dictionary<string, int> _commits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Said> _byId = new(StringComparer.Ordinal);
    private readonly List<Said> _said = [];
    private readonly List<Handled> _handled = [];

    public IReadOnlyList<Said> Said => _said;

    public IReadOnlyList<Handled> Handled => _handled;

    /// <summary>A message that has the id of an earlier one; null, as it should be.</summary>
    public Said? Twice { get; private set; }

    public Said? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>How often a service has committed.</summary>
    public int CommitsOf(string service) => _commits.GetValueOrDefault(service);

    /// <summary>Takes note of a commit.</summary>
    public void Note(string service, Disk disk, WriteSet work)
    {
        _commits[service] = CommitsOf(service) + 1;
        if (work.Statements[0] is { Rows: 1, Args: { } args } first && first.Sql.StartsWith(Inbox, StringComparison.Ordinal))
        {
            _handled.Add(new Handled(service, (string)args.GetType().GetProperty("id")!.GetValue(args)!));
        }

        if (!work.Publishes)
        {
            return;
        }

        foreach (var row in disk.PeekAll<Row>(
            "select seq as Seq, id as Id, type as Type, key as Key, headers as Headers from bus_outbox where seq > @after order by seq",
            new { after = _read.GetValueOrDefault(service) }))
        {
            var headers = Envelope.ReadHeaders(row.Headers);
            var said = new Said(service, row.Seq, row.Id, row.Type, row.Key, headers.SagaStep, headers.UndoneIds);
            _read[service] = row.Seq;
            _said.Add(said);
            if (!_byId.TryAdd(row.Id, said))
            {
                // Told at the end: whoever commits here catches all, as they must.
                Twice ??= said;
            }
        }
    }

    private sealed record Row(long Seq, string Id, string Type, string Key, string Headers);
}

/// <summary>A law does not hold.</summary>
internal sealed class LawBrokenException(string law, string how) : Exception($"{law}: {how}")
{
    /// <summary>The law, as a sentence.</summary>
    public string Law => law;
}
