using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Argosy.PaymentProvider;

/// <summary>Money given back, never more than was taken.</summary>
internal sealed class Refunds(Outgoing outgoing)
{
    private const string Columns = "id, amount, charge, currency, intent, reason, metadata, created";

    public Answer Create(Statements books, Fields fields, Moment moment)
    {
        var intent = Intent.Load(books, fields.Text("payment_intent") ?? throw Refusal.Missing("payment_intent"));
        long? asked = fields.Text("amount") is null ? null : fields.Amount("amount");
        if (intent.Charge is null)
        {
            return Answer.With(new Refusal(400, new(
                "invalid_request_error", $"This PaymentIntent ({intent.Id}) does not have a successful charge to refund.",
                "payment_intent_unexpected_state", PaymentIntent: intent.ToResource())));
        }

        var left = intent.Amount - intent.Refunded;
        var amount = asked ?? left;
        if (left == 0)
        {
            return Answer.With(new Refusal(400, new(
                "invalid_request_error", $"Charge {intent.Charge} has already been refunded.", "charge_already_refunded")));
        }

        if (amount > left)
        {
            return Answer.With(new Refusal(400, new(
                "invalid_request_error", $"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
                "amount_too_large", Param: "amount")));
        }

        var refund = new RefundResource(
            Ids.New("re", moment.Now), "refund", amount, intent.Charge, intent.Currency, intent.Id, fields.Text("reason"), "succeeded",
            fields.Metadata(), moment.Now.ToUnixTimeSeconds());
        Insert(books, refund, moment.Now);
        var refunded = intent with { Refunded = intent.Refunded + amount };
        refunded.Update(books);
        Ledger.Refund(books, intent, refund, moment.Now);
        outgoing.Add(books, "refund.created", refund, moment.Now);
        outgoing.Add(books, "charge.refunded", refunded.ToCharge(), moment.Now);
        return Answer.With(200, refund);
    }

    public static RefundResource Load(Statements books, string id) =>
        books.First($"select {Columns} from refund where id = $1", Read, id) ?? throw Refusal.Unknown("refund", id);

    public static IReadOnlyList<RefundResource> Of(Statements books, string? intent, int limit) => intent is null
        ? books.All($"select {Columns} from refund order by id desc limit $1", Read, limit)
        : books.All($"select {Columns} from refund where intent = $1 order by id desc limit $2", Read, intent, limit);

    private static void Insert(Statements books, RefundResource refund, DateTimeOffset now) => books.Execute(
        "insert into refund (id, intent, charge, amount, currency, reason, metadata, created) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        refund.Id, refund.PaymentIntent, refund.Charge, refund.Amount, refund.Currency, refund.Reason,
        JsonSerializer.Serialize((Dictionary<string, string>)refund.Metadata, StripeJson.Default.DictionaryStringString), now.ToUnixTimeMilliseconds());

    private static RefundResource Read(SqliteDataReader row) => new(
        row.GetString(0), "refund", row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4),
        row.IsDBNull(5) ? null : row.GetString(5), "succeeded",
        JsonSerializer.Deserialize(row.GetString(6), StripeJson.Default.DictionaryStringString)!, row.GetInt64(7) / 1000);
}
