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
    /// whose client died is no secret.
    /// </summary>
    public async Task<Answer> AskAsync(Session who, Ask ask, HistoryLine about, TimeSpan patience, CancellationToken ct)
    {
        var asked = Now;
        about = about with { Asked = asked, At = asked, Client = who.Who, Op = history.NextOp() };
        history.Add(about with { Side = Side.Invoke });
        try
        {
            var answer = await who.AskAsync(ask, patience, ct);
            history.Add(Outcome(about, answer) with { At = Now });
            return answer;
        }
        catch (Exception e) when (e is UnansweredException or OperationCanceledException)
        {
            history.Add(about with { At = Now });
            throw;
        }
    }

    /// <summary>An order's stream told something; it was read after <paramref name="since"/>.</summary>
    public void Heard(Order order, DateTimeOffset since) => history.Add(
        About(Act.Read) with { Asked = since, At = Now, Order = order.Id, Status = 200, Told = order.Status, Total = AmountOf(order.Total) });

    public static Amount AmountOf(Money money) => new(money.Amount, money.Currency);

    private static HistoryLine Outcome(HistoryLine about, Answer answer)
    {
        var line = about with { Status = (int)answer.Status, Problem = answer.IsSuccess ? null : answer.ProblemCode };
        if (!answer.IsSuccess || about.Act is not (Act.Place or Act.Cancel))
        {
            return line;
        }

        var order = answer.Read(DemoWire.Default.Order);
        return line with { Order = order.Id, Told = order.Status, Total = AmountOf(order.Total) };
    }
}
