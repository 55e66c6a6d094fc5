using Argosy.Chassis;
using static Argosy.Simulation.Laws;

namespace Argosy.Simulation;

/// <summary>Of sagas and of what is said for them: all or nothing, in order and in reverse, and never one without the other.</summary>
internal sealed class SagaLaws(World world)
{
    private const string Undo = "undo";
    private readonly Disk _disk = world.Find(World.Orders).Disk;

    public void Hold()
    {
        var events = _disk.PeekAll<Happened>("select stream as Stream, version as Version, type as Type from es_event order by position");
        foreach (var order in world.Plan.Orders)
        {
            var state = _disk.Peek<string>("select state from saga where id = @id", new { id = SagaOf(order) });
            Must(state is "completed" or "compensated", "every saga ends", $"{SagaOf(order)} is {state ?? "not there"}");
            var status = StatusOf(world, order);
            Must(state == "completed" ? status is "confirmed" or "shipped" : status == "cancelled", "an order says what its saga says", $"{order.Id} is {status}, its saga {state}");
            Commands(order);
            foreach (var (happened, name) in new[] { ("order.placed", "OrderPlaced"), ("order.shipped", "OrderShipped"), ("order.cancelled", "OrderCancelled") })
            {
                var inBooks = events.Count(e => e.Stream == $"order-{order.Id}" && e.Type == happened);
                var said = world.Ledger.Said.Count(s => s.Key == order.Id && s.Name == name);
                Must(inBooks == said && inBooks <= 1, "state and message go together", $"{order.Id}: {happened} {inBooks} times, {name} {said} times");
            }
        }

        Must(events.GroupBy(e => e.Stream).All(stream => stream.Select(e => e.Version).SequenceEqual(Enumerable.Range(1, stream.Count()).Select(v => (long)v))),
            "stream versions are dense", "one is missing or double");
        Answers(events);
    }

    public static string StatusOf(World world, OrderPlan order) =>
        world.Find(World.Orders).Disk.Peek<string>("select status from order_view where id = @id", new { id = order.Id }) ?? "not there";

    private static string SagaOf(OrderPlan order) => $"checkout/{order.Id}";

    private void Commands(OrderPlan order)
    {
        var commands = world.Ledger.Said.Where(said => said.Service == World.Orders && said.Key == order.Id && said.Tag is not null && said.Name is not ("OrderConfirmed" or "OrderCancelled" or "OrderShipped"))
            .Select(said => (said, Tag: Tag.Parse(said.Tag!))).ToList();
        var (furthest, lowest) = (0, int.MaxValue);
        foreach (var (said, tag) in commands)
        {
            Must(said.Id == Ids.From($"{SagaOf(order)}/{said.Tag}"), "a command's id derives from its step", $"{said}");
            if (tag.Direction == Undo)
            {
                Must(tag.Step <= furthest, "undone only what was started", $"{said}, and only {furthest} were started");
                Must(tag.Step <= lowest, "undone in reverse", $"{said} after step {lowest}");
                Must(said.Undoes.Contains(Ids.From($"{SagaOf(order)}/{tag.Step}/do/1"), StringComparer.Ordinal), "an undo names what it undoes", $"{said}");
                lowest = tag.Step;
            }
            else
            {
                Must(tag.Step == furthest + 1 && lowest == int.MaxValue, "steps are done in order, and none after an undo", $"{said} after step {furthest}");
                furthest = tag.Step;
            }
        }

        Rows(order, commands);
    }

    private void Rows(OrderPlan order, List<(Said Said, Tag Tag)> commands)
    {
        var rows = _disk.PeekAll<Row>("select step as Step, direction as Direction, state as State, command as Command, attempt as Attempt from saga_step where saga = @id", new { id = SagaOf(order) });
        Must(rows.Count > 0 && rows.Sum(row => row.Attempt) == commands.Count && rows.All(row => commands.Exists(c => c.Said.Id == row.Command)),
            "a command leaves with its row", $"{order.Id} has {rows.Count} rows and said {commands.Count} commands");
        Must(rows.All(row => row.State is not ("waiting" or "overdue" or "doubtful") || rows.Any(undo => undo.Step == row.Step && undo.State == "undone")),
            "nothing is left in doubt", $"{order.Id}: {string.Join(", ", rows)}");
    }

    // What somebody was told is not contradicted later.
    private void Answers(IReadOnlyList<Happened> events)
    {
        foreach (var (order, what, answer) in world.People.Told)
        {
            var status = StatusOf(world, order);
            var refused = events.Any(e => e.Stream == $"order-{order.Id}" && e.Type == "order.cancel-refused");
            Must((what, answer) switch
            {
                ("place", 202) => status != "not there",
                ("cancel", 202) => status is "cancelled" or "shipped" || refused,
                ("cancel", 409) or ("collect", 200) => status == "shipped",
                _ => answer is 404 or 409,
            }, "answers stand", $"{what} {order.Id} was answered {answer}, and the order is {status}");
        }
    }

    private sealed record Happened(string Stream, long Version, string Type);

    private sealed record Row(long Step, string Direction, string State, string Command, long Attempt);

    private sealed record Tag(int Step, string Direction)
    {
        public static Tag Parse(string text) => new(int.Parse(text.Split('/')[0]), text.Split('/')[1]);
    }
}
