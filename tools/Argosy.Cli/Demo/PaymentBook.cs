namespace Argosy.Cli.Demo;

/// <summary>payment-service says of each order what the provider's ledger says.</summary>
internal static class PaymentBook
{
    public static BookCheck Check(IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var placed = records.Where(r => r.Id is not null).ToList();
        var ledger = seen.Ledger.ToLookup(e => e.OrderId ?? "", StringComparer.Ordinal);
        var problems = placed.SelectMany(r => Compare(r, [.. seen.Payments[r.Id!]], [.. ledger[r.Id!]])).ToList();
        var all = placed.SelectMany(r => seen.Payments[r.Id!]).ToList();
        return new BookCheck("payments", $"{all.Count}: {Counted(all.Select(p => p.Status))}", problems);
    }

    public static string Counted(IEnumerable<string> statuses) =>
        string.Join(", ", statuses.GroupBy(s => s, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}"));

    private static IEnumerable<string> Compare(OrderRecord own, IReadOnlyList<Payment> payments, IReadOnlyList<LedgerEntry> ledger)
    {
        if (payments.Count > 1)
        {
            yield return $"{own.Label} has {payments.Count} payments: {string.Join(", ", payments.Select(p => $"{p.Id} {p.Status}"))}";
        }

        var isPaid = own.Ended is Ending.Confirmed or Ending.Shipped;
        if (isPaid && payments is not [{ Status: "captured" }])
        {
            yield return $"{own.Label} is {own.Status} and its payment is {(payments.Count == 0 ? "missing" : payments[0].Status)}";
        }

        if (own.Ended == Ending.Cancelled && payments.Any(p => p.Status is not ("declined" or "refunded" or "cancelled")))
        {
            yield return $"{own.Label} is cancelled and its payment is {payments[0].Status}";
        }

        foreach (var p in payments.Where(p => p.Amount != new Money(own.Planned.Amount, DemoPlan.Currency)))
        {
            yield return $"{own.Label} costs {new Money(own.Planned.Amount, DemoPlan.Currency).Shown()} and payment {p.Id} says {p.Amount.Shown()}";
        }

        var (given, said) = (ledger.Where(e => e.Type == "refund").Sum(e => e.Amount), payments.Sum(p => p.Refunded?.Amount ?? 0));
        if (given != said)
        {
            yield return $"{own.Label}: payment-service says that {said} were given back, the provider's ledger says {given}";
        }
    }
}
