using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Argosy.PaymentProvider;

/// <summary>A payment intent as the books have it.</summary>
internal sealed record Intent(
    string Id, long Amount, string Currency, string Status, string? Token, Dictionary<string, string> Metadata,
    string? DeclineCode, string? Charge, long Refunded, long? CanceledAt, long Created)
{
    public const string RequiresPaymentMethod = "requires_payment_method";
    public const string RequiresConfirmation = "requires_confirmation";
    public const string Succeeded = "succeeded";
    public const string Canceled = "canceled";

    private const string Columns = "id, amount, currency, status, token, metadata, decline_code, charge, refunded, canceled_at, created";

    public string? PaymentId => Metadata.GetValueOrDefault("payment_id");

    public string? OrderId => Metadata.GetValueOrDefault("order_id");

    public static Intent Load(Statements books, string id) =>
        books.First($"select {Columns} from intent where id = $1", Read, id) ?? throw Refusal.Unknown("payment_intent", id);

    /// <summary>The newest intents, or those that carry this metadata.</summary>
    public static List<Intent> List(Statements books, int limit, string? paymentId = null, string? orderId = null) => (paymentId, orderId) switch
    {
        (not null, _) => books.All($"select {Columns} from intent where payment_id = $1 order by id desc limit $2", Read, paymentId, limit),
        (_, not null) => books.All($"select {Columns} from intent where order_id = $1 order by id desc limit $2", Read, orderId, limit),
        _ => books.All($"select {Columns} from intent order by id desc limit $1", Read, limit),
    };

    public void Insert(Statements books) => books.Execute(
        """
        insert into intent (id, amount, currency, status, token, metadata, payment_id, order_id, created)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        Id, Amount, Currency, Status, Token, JsonSerializer.Serialize(Metadata, StripeJson.Default.DictionaryStringString), PaymentId, OrderId, Created);

    public void Update(Statements books) => books.Execute(
        "update intent set status = $2, token = $3, decline_code = $4, charge = $5, refunded = $6, canceled_at = $7 where id = $1",
        Id, Status, Token, DeclineCode, Charge, Refunded, CanceledAt);

    public PaymentIntentResource ToResource() => new(
        Id, "payment_intent", Amount, Status == Succeeded ? Amount : 0, Currency, Status, Token, ["card"], Metadata, Failure(),
        Charge, CanceledAt / 1000, Created / 1000, Livemode: false);

    public ChargeResource ToCharge() => new(
        Charge!, "charge", Amount, Amount, Refunded, Captured: true, Refunded == Amount, Paid: true, Currency, Id, "succeeded", Metadata,
        Created / 1000, Livemode: false);

    /// <summary>Why the last attempt to charge failed, or null.</summary>
    public StripeError? Failure() => DeclineCode switch
    {
        null => null,
        "insufficient_funds" => new("card_error", "Your card has insufficient funds.", "card_declined", DeclineCode),
        _ => new("card_error", "Your card was declined.", "card_declined", DeclineCode),
    };

    private static Intent Read(SqliteDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetString(3), Text(row, 4),
        JsonSerializer.Deserialize(row.GetString(5), StripeJson.Default.DictionaryStringString)!,
        Text(row, 6), Text(row, 7), row.GetInt64(8), row.IsDBNull(9) ? null : row.GetInt64(9), row.GetInt64(10));

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
