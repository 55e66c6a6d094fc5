using System.Text.RegularExpressions;

namespace Argosy.PaymentProvider;

/// <summary>What can be asked of payment intents: create, confirm, cancel, read, find.</summary>
internal sealed partial class PaymentIntents(Outgoing outgoing)
{
    /// <summary>Creates one; nothing is charged unless <c>confirm=true</c>.</summary>
    public Answer Create(Statements books, Fields fields, Moment moment)
    {
        var token = fields.Text("payment_method") ?? fields.Text("payment_method_data[card][token]");
        if (token is not null && TestTokens.Find(token) is null)
        {
            throw Refusal.Unknown("PaymentMethod", token, "payment_method");
        }

        var currency = fields.Text("currency") ?? throw Refusal.Missing("currency");
        if (!Currency().IsMatch(currency))
        {
            throw Refusal.Parameter("currency", "parameter_invalid", $"Invalid currency: {currency}.");
        }

        var intent = new Intent(
            Ids.New("pi", moment.Now), fields.Amount("amount"), currency.ToLowerInvariant(),
            token is null ? Intent.RequiresPaymentMethod : Intent.RequiresConfirmation,
            token, fields.Metadata(), null, null, 0, null, moment.Now.ToUnixTimeMilliseconds());
        var atOnce = fields.IsTrue("confirm");
        if (atOnce && token is not null && TestTokens.Find(token)!.Slow && !moment.Waited)
        {
            return Answer.AfterAWhile;
        }

        intent.Insert(books);
        return atOnce ? Charge(books, intent, token ?? throw Refusal.Missing("payment_method"), moment) : Answer.With(200, intent.ToResource());
    }

    /// <summary>Charges the card, once: an intent that has succeeded can't succeed again.</summary>
    public Answer Confirm(Statements books, string id, Fields fields, Moment moment)
    {
        var intent = Intent.Load(books, id);
        var token = fields.Text("payment_method") ?? intent.Token;
        if (intent.Status is Intent.Succeeded or Intent.Canceled || token is null)
        {
            return Answer.With(Refusal.State(intent, "confirm"));
        }

        return Charge(books, intent, token, moment);
    }

    /// <summary>Ends an intent that took no money.</summary>
    public Answer Cancel(Statements books, string id, Fields fields, Moment moment)
    {
        var intent = Intent.Load(books, id);
        if (intent.Status is Intent.Succeeded or Intent.Canceled)
        {
            return Answer.With(Refusal.State(intent, "cancel"));
        }

        var canceled = intent with { Status = Intent.Canceled, CanceledAt = moment.Now.ToUnixTimeMilliseconds() };
        canceled.Update(books);
        outgoing.Add(books, "payment_intent.canceled", canceled.ToResource(), moment.Now);
        return Answer.With(200, canceled.ToResource());
    }

    /// <summary>Finds by <c>metadata['payment_id']:'…'</c> or <c>metadata['order_id']:'…'</c>, the two that are indexed.</summary>
    public static IReadOnlyList<PaymentIntentResource> Search(Statements books, string? query, int limit)
    {
        var match = SearchQuery().Match(query ?? throw Refusal.Missing("query"));
        if (!match.Success)
        {
            throw Refusal.Parameter("query", "parameter_invalid", "This emulator searches by metadata['payment_id']:'…' and metadata['order_id']:'…'.");
        }

        var (key, value) = (match.Groups["key"].Value, match.Groups["value"].Value);
        var found = key == "payment_id" ? Intent.List(books, limit, paymentId: value) : Intent.List(books, limit, orderId: value);
        return found.ConvertAll(intent => intent.ToResource());
    }

    private Answer Charge(Statements books, Intent intent, string token, Moment moment)
    {
        var fate = TestTokens.Find(token) ?? throw Refusal.Unknown("PaymentMethod", token, "payment_method");
        if (fate.Slow && !moment.Waited)
        {
            return Answer.AfterAWhile;
        }

        if (fate.DeclineCode is { } code)
        {
            // As at Stripe: a refused card leaves the intent, which then asks for another one.
            var declined = intent with { Status = Intent.RequiresPaymentMethod, Token = null, DeclineCode = code };
            declined.Update(books);
            outgoing.Add(books, "payment_intent.payment_failed", declined.ToResource(), moment.Now);
            return Answer.With(Refusal.Declined(declined));
        }

        var charged = intent with { Status = Intent.Succeeded, Token = token, DeclineCode = null, Charge = Ids.New("ch", moment.Now) };
        charged.Update(books);
        Ledger.Capture(books, charged, moment.Now);
        outgoing.Add(books, "payment_intent.succeeded", charged.ToResource(), moment.Now);
        return Answer.With(200, charged.ToResource()) with { Manner = fate.Manner };
    }

    [GeneratedRegex(@"^metadata\[['""](?<key>payment_id|order_id)['""]\]:\s*['""](?<value>[^'""]+)['""]$", RegexOptions.None, 100)]
    private static partial Regex SearchQuery();

    [GeneratedRegex("^[A-Za-z]{3}$", RegexOptions.None, 100)]
    private static partial Regex Currency();
}
