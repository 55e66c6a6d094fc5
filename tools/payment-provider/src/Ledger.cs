using System.Buffers;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Argosy.PaymentProvider;

/// <summary>What happened to money. Written in the commit of its cause, never changed, readable by anyone who reconciles.</summary>
internal sealed class Ledger(Books books)
{
    private const int Page = 500;

    public static void Capture(Statements write, Intent intent, DateTimeOffset now) =>
        Enter(write, intent.Charge!, "capture", intent, intent.Amount, now);

    public static void Refund(Statements write, Intent intent, RefundResource refund, DateTimeOffset now) =>
        Enter(write, refund.Id, "refund", intent, refund.Amount, now);

    public BalanceResource Balance() => new("balance", Livemode: false, books.Read(read =>
        read.All("select amount, currency from balance order by currency", row => new BalanceAmount(row.GetInt64(0), row.GetString(1)))));

    /// <summary>Writes <c>{"entries":[…]}</c> page by page, so that a long history costs no memory.</summary>
    public async Task WriteToAsync(HttpResponse response, string? orderId, CancellationToken cancellation)
    {
        response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter((IBufferWriter<byte>)response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("entries");
        for (long last = 0, before = -1; last != before;)
        {
            before = last;
            foreach (var entry in PageAfter(last, orderId))
            {
                last = entry.Seq;
                Write(json, entry);
            }

            await json.FlushAsync(cancellation);
            await response.BodyWriter.FlushAsync(cancellation);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
        await response.BodyWriter.FlushAsync(cancellation);
    }

    private List<Entry> PageAfter(long seq, string? orderId) => books.Read(read => orderId is null
        ? read.All($"select seq, id, type, payment_id, order_id, amount, currency, at from ledger where seq > $1 order by seq limit {Page}", Read, seq)
        : read.All(
            $"select seq, id, type, payment_id, order_id, amount, currency, at from ledger where order_id = $2 and seq > $1 order by seq limit {Page}",
            Read, seq, orderId));

    private static void Enter(Statements write, string id, string type, Intent intent, long amount, DateTimeOffset now)
    {
        write.Execute(
            "insert into ledger (id, type, payment_id, order_id, amount, currency, at) values ($1, $2, $3, $4, $5, $6, $7)",
            id, type, intent.PaymentId ?? intent.Id, intent.OrderId ?? "", amount, intent.Currency.ToUpperInvariant(), now.ToUnixTimeMilliseconds());
        write.Execute(
            "insert into balance (currency, amount) values ($1, max($2, 0)) on conflict (currency) do update set amount = amount + $2",
            intent.Currency, type == "capture" ? amount : -amount);
    }

    private static void Write(Utf8JsonWriter json, Entry entry)
    {
        json.WriteStartObject();
        json.WriteString("id", entry.Id);
        json.WriteString("type", entry.Type);
        json.WriteString("paymentId", entry.PaymentId);
        json.WriteString("orderId", entry.OrderId);
        json.WriteNumber("amount", entry.Amount);
        json.WriteString("currency", entry.Currency);
        json.WriteString("at", DateTimeOffset.FromUnixTimeMilliseconds(entry.At).UtcDateTime);
        json.WriteEndObject();
    }

    private static Entry Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetString(6), row.GetInt64(7));

    private sealed record Entry(long Seq, string Id, string Type, string PaymentId, string OrderId, long Amount, string Currency, long At);
}
