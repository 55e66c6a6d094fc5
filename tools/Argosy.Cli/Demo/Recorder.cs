using Argosy.Checker.History;
using Argosy.Cli.Access;

namespace Argosy.Cli.Demo;

/// <summary>Writes down what this client asks and what it is told, for the checker to hold against everybody's books.</summary>
internal sealed class Recorder(HistoryWriter history, TimeProvider time)
{
    /// <summary>What there is to say of a request before it is made.</summary>
    public static HistoryLine About(string act) => new(act, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>
    /// Asks, and writes down what became of it: no answer is an outcome too. That it is going to ask is written before, so that a request
    /// whose client died is no secret. The answer to what was asked before, under the same key, may be the one that was kept: it does not
    /// tell how the order is now.
    /// </summary>
    public async Task<Answer> AskAsync(Session who, Ask ask, HistoryLine about, TimeSpan patience, CancellationToken ct, bool isRepeat = false)
    {
        var asked = Now;
        about = about with { Asked = asked, At = asked, Client = who.Who, Op = history.NextOp() };
        history.Add(about with { Side = Side.Invoke });
        try
        {
            var answer = await who.AskAsync(ask, patience, ct);
            var line = Outcome(about, answer) with { At = Now };
            history.Add(isRepeat ? line with { Told = null } : line);
            return answer;
        }
        catch (Exception e) when (e is UnansweredException or OperationCanceledException)
        {
            history.Add(about with { At = Now });
            throw;
        }
    }

    /// <summary>A number for what is told by one stream.</summary>
    public long NextOp() => history.NextOp();

    /// <summary>
    /// An order's stream told something; it was read after <paramref name="opened"/>, when the stream was asked for: what came before it
    /// may have lain on the way for long, so that says nothing of when.
    /// </summary>
    public void Heard(Order order, long? version, long stream, Session who, DateTimeOffset opened) =>
        history.Add(Told(order) with { Asked = opened, At = Now, Op = stream, Client = who.Who, Version = version });

    /// <summary>Nobody asks for anything any more.</summary>
    public void Healed() => history.Healed(Now);

    /// <summary>All orders that somebody has in the end.</summary>
    public async Task FinalOrdersAsync(Session who, (DateTimeOffset Asked, IReadOnlyList<Order> Orders) found, CancellationToken ct)
    {
        var about = new HistoryLine(Act.List, found.Asked, Now) { Customer = await who.SubjectAsync(ct), Client = who.Who, Final = true, Status = 200 };
        foreach (var order in found.Orders)
        {
            history.Add(Told(order) with { Asked = about.Asked, At = about.At, Customer = about.Customer, Client = who.Who, Final = true });
        }

        history.Add(about);
    }

    public static Amount AmountOf(Money money) => new(money.Amount, money.Currency);

    private static HistoryLine Told(Order order) => About(Act.Read) with { Order = order.Id, Status = 200, Told = order.Status, Total = AmountOf(order.Total) };

    private static HistoryLine Outcome(HistoryLine about, Answer answer)
    {
        var line = about with { Status = (int)answer.Status, Problem = answer.IsSuccess ? null : answer.ProblemCode };
        if (answer.IsSuccess && about.Act == Act.Count)
        {
            var item = answer.Read(DemoWire.Default.Item);
            return line with { Stock = item.Available, Reserved = item.Reserved, Sold = item.Sold };
        }

        if (!answer.IsSuccess || about.Act is not (Act.Place or Act.Cancel or Act.Read))
        {
            return line;
        }

        var order = answer.Read(DemoWire.Default.Order);
        return line with { Order = order.Id, Told = order.Status, Total = AmountOf(order.Total) };
    }
}
