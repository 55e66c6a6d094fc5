using Argosy.Checker.History;

namespace Argosy.Checker.Model;

/// <summary>
/// Book k: a model that does one thing at a time explains everything that clients were told, and how it ended. How it ended is what was
/// read after all was healed: by the clients, where they did, and in any case by this program, in the services' own events and their
/// records of keys, so that nothing stays unknown.
/// </summary>
internal sealed class ModelBook(Databases databases)
{
    private readonly IReadOnlyList<HistoryLine> _lines = databases.Lines;
    private readonly Dictionary<string, List<Operation>> _operations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _settled = databases.Pairs("select s.whence, t.order_id from settled t join said s on s.n = t.n");
    private readonly Dictionary<string, (string Status, string Position)> _endings = Endings(databases);

    public BookResult Check()
    {
        foreach (var line in _lines)
        {
            if (OperationOf(line) is { } operation)
            {
                Of(line.Order ?? _settled[line.Whence!]).Add(operation);
            }
        }

        List<Finding> findings = [.. Orders(), .. Versions.Check(_lines), .. FinalReads.Check(_lines, _settled.Values), .. Shelves.Check(_lines, order => StatusOf(_endings.GetValueOrDefault(order).Status), line => OrderOf(line))];
        var unknown = _lines.Count(line => line is { Act: Act.Place, Status: null });
        var exist = _lines.Count(line => line is { Act: Act.Place, Status: null } && _settled.ContainsKey(line.Whence!));
        return new BookResult("k model", $"{_operations.Values.Sum(operations => operations.Count)} operations on {_operations.Count} orders replayed, {unknown} requests without an answer settled ({exist} made an order)", findings);
    }

    private IEnumerable<Finding> Orders()
    {
        var shapes = new Shapes();
        foreach (var (order, operations) in _operations)
        {
            operations.Add(Ending(order));
            if (!shapes.AreKnownToBeRight(operations) && Replay.Contradiction(operations) is { Count: > 0 } core)
            {
                yield return new Finding($"order {order} can't have been all of this: {string.Join("; ", core.Select(operation => operation.Fact.Says))}") { Facts = [.. core.Select(operation => operation.Fact)] };
            }
            else
            {
                shapes.AreRight(operations);
            }
        }
    }

    private List<Operation> Of(string order)
    {
        if (!_operations.TryGetValue(order, out var operations))
        {
            _operations[order] = operations = [];
        }

        return operations;
    }

    private string? OrderOf(HistoryLine line) => line.Order ?? (line.Act == Act.Place ? _settled.GetValueOrDefault(line.Whence!) : null);

    private Operation Ending(string order) => _endings.TryGetValue(order, out var ended)
        ? new Operation(Kind.Ended, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, new Fact($"order-service: es_event, position {ended.Position}", $"it ended {ended.Status}")) { Told = StatusOf(ended.Status) }
        : new Operation(Kind.Told, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, new Fact($"order-service: es_stream, id order-{order}", "no such row")) { Told = Status.None };

    private Operation? OperationOf(HistoryLine line) => line switch
    {
        { Act: Act.Place, Status: >= 200 and < 300 } => Make(Kind.Placed, line, null),
        { Act: Act.Place, Status: null } when _settled.ContainsKey(line.Whence!) => Make(Kind.PlaceUnknown, line, null),
        { Act: Act.Read, Status: 404 } => Make(Kind.Told, line, Status.None),
        { Act: Act.Read, Told: { } told } when StatusOf(told) is { } status => Make(Kind.Told, line, status),
        { Act: Act.Cancel, Status: null } => Make(Kind.CancelUnknown, line, null),
        { Act: Act.Cancel, Status: >= 200 and < 300 } => Make(Kind.CancelAccepted, line, StatusOf(line.Told)),
        { Act: Act.Cancel, Status: 409, Problem: "order.shipped" } => Make(Kind.Told, line, Status.Shipped),
        { Act: Act.Cancel, Status: 404, Problem: "order.unknown" } => Make(Kind.Told, line, Status.None),
        { Act: Act.Dispatch, Status: >= 200 and < 300 } => Make(Kind.Dispatched, line, null),
        _ => null,
    };

    private static Operation Make(Kind kind, HistoryLine line, Status? told) => new(kind, line.Asked, line.At, line.ToFact()) { Told = told };

    // What nobody knows (an order that needs attention may be anywhere) is null.
    private static Status? StatusOf(string? told) => told switch
    {
        "pending" => Status.Pending,
        "confirmed" => Status.Confirmed,
        "cancelling" => Status.Cancelling,
        "shipped" => Status.Shipped,
        "cancelled" => Status.Cancelled,
        _ => null,
    };

    private static Dictionary<string, (string, string)> Endings(Databases databases) =>
        databases.Pairs("select p.id, p.status || '/' || p.last from placed p where p.id in (select order_id from said union select order_id from settled)")
            .ToDictionary(pair => pair.Key, pair => (pair.Value.Split('/')[0], pair.Value.Split('/')[1]), StringComparer.Ordinal);
}
