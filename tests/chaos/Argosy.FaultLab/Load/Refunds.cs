using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;

namespace Argosy.FaultLab.Load;

/// <summary>
/// What an administrator gives back of payments, in parts. In the end a payment has each part that was acknowledged, once and done; none that was
/// refused; and what nobody answered once or not at all.
/// </summary>
/// <param name="name">Tells its parts from those of others.</param>
internal sealed class Refunds(string name)
{
    private const string Pending = "pending";
    private const string Done = "done";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly List<Part> _parts = [];
    private readonly List<string> _wrong = [];

    /// <summary>How many were acknowledged.</summary>
    public int Acknowledged => _parts.Count(part => part.IsThere == true);

    /// <summary>Gives back so much of what an order has cost.</summary>
    /// <param name="order">Its id.</param>
    /// <param name="amount">In minor units.</param>
    /// <param name="askAsync">Asks as the administrator; null where no answer came.</param>
    public async Task GiveAsync(string order, long amount, Func<Ask, Task<Answer?>> askAsync)
    {
        if (await askAsync(Ask.Get($"/api/v1/payments?orderId={order}")) is not { IsSuccess: true } found || ItemsOf(found) is not [{ } payment])
        {
            return;
        }

        var reason = $"{name}, part {_parts.Count + 1}";
        var body = new JsonObject { ["amount"] = new JsonObject { ["amount"] = amount, ["currency"] = DemoPlan.Currency }, ["reason"] = reason };
        var answer = await askAsync(new Ask(HttpMethod.Post, $"/api/v1/payments/{payment["id"]}/refunds")
        {
            Body = Encoding.UTF8.GetBytes(body.ToJsonString()),
            IdempotencyKey = $"refund-{name}-{_parts.Count + 1}",
        });
        _parts.Add(new Part($"{payment["id"]}", reason, amount, IsThere(answer)));
        if (answer is { IsSuccess: false, LeavesDoubt: false, Status: not HttpStatusCode.Unauthorized } && IsThere(answer) is null)
        {
            _wrong.Add($"giving back '{reason}' was answered {answer}, which nobody expects");
        }
    }

    /// <summary>All is over: what is wrong with them.</summary>
    /// <param name="askAsync">Asks as the administrator, with patience.</param>
    /// <param name="deadline">Until then they may be under way.</param>
    public async Task<IReadOnlyList<string>> CheckAsync(Func<Ask, Task<Answer>> askAsync, CancellationToken deadline)
    {
        var wrong = new List<string>(_wrong);
        foreach (var parts in _parts.GroupBy(part => part.Payment))
        {
            var there = await EndedAsync(parts.Key, askAsync, deadline);
            wrong.AddRange(parts.Select(part => Judge(part, [.. there.Where(refund => (string?)refund["reason"] == part.Reason)])).OfType<string>());
        }

        return wrong;
    }

    // What the rules have refused stays refused: the answer is kept under its key.
    private static bool? IsThere(Answer? answer) => answer switch
    {
        { IsSuccess: true } => true,
        { LeavesDoubt: false, Status: HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity } => false,
        _ => null,
    };

    private static async Task<IReadOnlyList<JsonNode>> EndedAsync(string payment, Func<Ask, Task<Answer>> askAsync, CancellationToken deadline)
    {
        while (true)
        {
            var answer = await askAsync(Ask.Get($"/api/v1/payments/{payment}/refunds") with { IsFresh = true });
            if (!answer.IsSuccess || ItemsOf(answer) is var all && (deadline.IsCancellationRequested || all.All(refund => (string?)refund["status"] != Pending)))
            {
                return answer.IsSuccess ? ItemsOf(answer) : throw new UnansweredException($"the refunds of {payment} can't be read: {answer}");
            }

            await Task.Delay(Pause, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string? Judge(Part part, IReadOnlyList<JsonNode> there) => (there, part.IsThere) switch
    {
        ([var one], not false) when ((string?)one["status"], (long?)one["amount"]!["amount"]) == (Done, part.Amount) => null,
        ([], not true) => null,
        _ => $"of payment {part.Payment} {part.Amount} were to be given back ('{part.Reason}'), which {part.IsThere switch { true => "was acknowledged", false => "was refused", null => "nobody answered" }}; "
            + $"in the end there {(there.Count == 0 ? "is none" : $"is {string.Join(" and ", there.Select(one => one.ToJsonString()))}")}",
    };

    private static IReadOnlyList<JsonNode> ItemsOf(Answer answer) => [.. JsonNode.Parse(answer.Body)!["items"]!.AsArray().OfType<JsonNode>()];

    /// <param name="Payment">Its id.</param>
    /// <param name="Reason">By which it is known again.</param>
    /// <param name="Amount">In minor units.</param>
    /// <param name="IsThere">By what was answered; null: nobody knows.</param>
    private sealed record Part(string Payment, string Reason, long Amount, bool? IsThere);
}
