using System.Collections.Concurrent;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Payments;

/// <summary>
/// Carries payments through the provider. The protocol, for one payment at a time:
/// <list type="number">
/// <item>An intent that is known from before is read first: whoever wrote it down may have died on the way to confirming it.</item>
/// <item>Create the intent, unconfirmed, and commit its id. Then confirm it: only an intent that is written down is ever charged.</item>
/// <item>No answer, a 5xx, a crash: read the intent (or the refunds) and go on from what the provider says. Never repeat blindly.</item>
/// <item>Commit the outcome with the reply, in the context of whoever waits for it. A word in between is a conflict: read again.</item>
/// </list>
/// A webhook cuts the wait for a silent provider short; it is a hint to ask, not an answer.
/// </summary>
internal sealed partial class PaymentWorker(IStore store, StripeAdapter provider, PaymentOptions options, TimeProvider time, ILogger<PaymentWorker> log)
    : IntentWorker<ProviderTask>(store, Patience(options), time, log)
{
    // An answer and its webhook set out together: give the answer this much of a start.
    private static readonly TimeSpan Courtesy = TimeSpan.FromMilliseconds(250);

    private readonly IStore _store = store;
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>The provider told us something about this payment: whoever waits for its answer asks instead.</summary>
    public void Nudge(string payment)
    {
        if (_waiting.TryGetValue(payment, out var wait))
        {
            try
            {
                wait.CancelAfter(Courtesy);
            }
            catch (ObjectDisposedException)
            {
                // The answer came at the same moment.
            }
        }

        Wake();
    }

    protected override Task<IReadOnlyList<ProviderTask>> DueAsync(long now, int limit, CancellationToken cancellation) =>
        ProviderTasks.DueAsync(_store, now, limit, cancellation);

    protected override void Postpone(WriteSet work, ProviderTask intent, DateTimeOffset dueAt, Exception error) =>
        ProviderTasks.Postpone(work, intent, dueAt, error.Message);

    protected override async Task RunAsync(ProviderTask intent, CancellationToken cancellation)
    {
        try
        {
            var (payment, version) = await _store.LoadAsync(Payment.Stream, intent.Id, cancellation);
            if (payment is { Status: PaymentStatus.Pending, IntentId: not null })
            {
                var events = payment.Hear(await ReadAsync(payment, cancellation), Time.GetUtcNow());
                (payment, version) = await CommitAsync(intent, payment, version, events, cancellation);
            }
            else if (payment.Next() == ProviderStep.Nothing)
            {
                await CommitAsync(intent, payment, version, [], cancellation);
            }

            while (payment.Next() is not ProviderStep.Nothing and var step)
            {
                (payment, version) = await CommitAsync(intent, payment, version, await TakeAsync(step, intent.Id, payment, cancellation), cancellation);
            }
        }
        catch (ProviderContradictionException e)
        {
            LogContradiction(e, intent.Id);
            throw;
        }
    }

    // A try is a handful of calls. The longest pause is what a provider that is back costs those who waited for it.
    private static IntentWorkerOptions Patience(PaymentOptions options) => new()
    {
        Bulkhead = options.Bulkhead,
        Deadline = 5 * options.CallTimeout,
        LongestPause = TimeSpan.FromSeconds(10),
    };

    private async Task<(Payment, long)> CommitAsync(ProviderTask task, Payment payment, long version, IReadOnlyList<PaymentEvent> events, CancellationToken cancellation)
    {
        var after = events.Aggregate(payment, (state, happened) => state.Evolve(happened));
        var ends = after.Next() == ProviderStep.Nothing;
        if (events.Count == 0 && !ends)
        {
            return (payment, version);
        }

        // Once the order is undone, nobody waits for its capture any more.
        var replyTo = task.ReturnReply ?? task.CaptureReply;
        var work = new WriteSet(MessageContext.Load(replyTo ?? task.Context).For($"provider/{version}"), Time.GetUtcNow());
        work.Append(Payment.Stream, task.Id, version, events);
        if (ends)
        {
            if (replyTo is not null)
            {
                work.Publish(task.ReturnReply is not null ? PaymentReplies.ToReturn(after.OrderId, task.Id, after) : PaymentReplies.ToCapture(task.Id, after));
            }

            ProviderTasks.Finish(work, task);
        }

        (await _store.CommitAsync(work, cancellation)).Ensure();
        return (after, version + events.Count);
    }

    private Task<IReadOnlyList<PaymentEvent>> TakeAsync(ProviderStep step, string id, Payment payment, CancellationToken cancellation) => step switch
    {
        ProviderStep.Create => CreateAsync(id, payment, cancellation),
        ProviderStep.Confirm => ConfirmAsync(id, payment, cancellation),
        ProviderStep.Cancel => CancelAsync(payment, cancellation),
        ProviderStep.Refund => RefundAsync(id, payment, payment.PendingRefund!, cancellation),
        _ => throw new InvalidOperationException($"{step} is no step at the provider."),
    };

    private async Task<IReadOnlyList<PaymentEvent>> CreateAsync(string id, Payment payment, CancellationToken cancellation)
    {
        Failpoints.Hit("provider.create.before");
        var answer = await provider.CreateAsync(id, payment, cancellation);
        Failpoints.Hit("provider.create.after");
        switch (answer)
        {
            case ProviderAnswer<ProviderIntent>.Said said:
                return [new IntentCreated(said.What.Id, Time.GetUtcNow())];
            case ProviderAnswer<ProviderIntent>.Refused refused:
                return payment.HearRefusedIntent(refused.Code, Time.GetUtcNow());
            case ProviderAnswer<ProviderIntent>.InDoubt doubt:
                // A key may repeat its 500 for a day. The intent, if there is one, carries our payment's id.
                LogInDoubt("creating the intent", id, doubt.Why);
                var found = (await provider.FindAsync(id, cancellation)).MustSay($"the intents of payment {id}");
                return found.Count > 0 ? [new IntentCreated(found[^1].Id, Time.GetUtcNow())] : throw new UndecidedException($"Creating the intent: {doubt.Why}");
            default:
                throw answer.Undecided("creating the intent");
        }
    }

    private async Task<IReadOnlyList<PaymentEvent>> ConfirmAsync(string id, Payment payment, CancellationToken cancellation)
    {
        Failpoints.Hit("provider.confirm.before");
        var answer = await ListeningAsync(id, token => provider.ConfirmAsync(payment, token), cancellation);
        Failpoints.Hit("provider.confirm.after");
        return await HearAsync(id, payment, answer, "confirming the intent", cancellation);
    }

    private async Task<IReadOnlyList<PaymentEvent>> CancelAsync(Payment payment, CancellationToken cancellation)
    {
        Failpoints.Hit("provider.cancel.before");
        var answer = await provider.CancelAsync(payment, cancellation);
        Failpoints.Hit("provider.cancel.after");
        return await HearAsync(Payment.IdOf(payment.OrderId), payment, answer, "cancelling the intent", cancellation);
    }

    private async Task<IReadOnlyList<PaymentEvent>> RefundAsync(string id, Payment payment, Refund refund, CancellationToken cancellation)
    {
        // Whether it was asked for before is the provider's knowledge, not ours.
        if (await FindAsync(payment, refund, cancellation) is { } earlier)
        {
            return Ended(payment.Hear(refund, earlier, Time.GetUtcNow()), $"refund {refund.Id} is {earlier.Status}");
        }

        Failpoints.Hit("provider.refund.before");
        var answer = await provider.RefundAsync(id, payment, refund, cancellation);
        Failpoints.Hit("provider.refund.after");
        switch (answer)
        {
            case ProviderAnswer<ProviderRefund>.Said said:
                return Ended(payment.Hear(refund, said.What, Time.GetUtcNow()), $"refund {refund.Id} is {said.What.Status}");
            case ProviderAnswer<ProviderRefund>.Refused refused:
                return Ended(payment.HearRefusedRefund(refund, refused.Code, Time.GetUtcNow()), $"refund {refund.Id} was refused: {refused.Code}");
            case ProviderAnswer<ProviderRefund>.InDoubt doubt:
                LogInDoubt("refunding", id, doubt.Why);
                return await FindAsync(payment, refund, cancellation) is { } found
                    ? Ended(payment.Hear(refund, found, Time.GetUtcNow()), $"refund {refund.Id} is {found.Status}")
                    : throw new UndecidedException($"Refunding: {doubt.Why}");
            default:
                throw answer.Undecided("refunding");
        }
    }

    // What a confirmed or cancelled intent means; in doubt, what a fresh look at it means.
    private async Task<IReadOnlyList<PaymentEvent>> HearAsync(
        string id, Payment payment, ProviderAnswer<ProviderIntent> answer, string what, CancellationToken cancellation)
    {
        if (answer is ProviderAnswer<ProviderIntent>.NotNow)
        {
            throw answer.Undecided(what);
        }

        if (answer is ProviderAnswer<ProviderIntent>.InDoubt doubt)
        {
            LogInDoubt(what, id, doubt.Why);
        }

        var said = answer switch
        {
            ProviderAnswer<ProviderIntent>.Said ok => ok.What,
            ProviderAnswer<ProviderIntent>.Refused { What: { } state } => state,
            _ => await ReadAsync(payment, cancellation),
        };
        return Ended(payment.Hear(said, Time.GetUtcNow()), $"after {what} intent {said.Id} is {said.Status}");
    }

    // The call, until it answers or a webhook says that there is something to be seen.
    private async Task<ProviderAnswer<ProviderIntent>> ListeningAsync(
        string id, Func<CancellationToken, Task<ProviderAnswer<ProviderIntent>>> call, CancellationToken cancellation)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _waiting[id] = wait;
        try
        {
            return await call(wait.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ProviderAnswer<ProviderIntent>.InDoubt("a webhook came before the answer");
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    private async Task<ProviderIntent> ReadAsync(Payment payment, CancellationToken cancellation) =>
        (await provider.ReadAsync(payment, cancellation)).MustSay($"intent {payment.IntentId}");

    private async Task<ProviderRefund?> FindAsync(Payment payment, Refund refund, CancellationToken cancellation) =>
        (await provider.RefundsAsync(payment, cancellation)).MustSay($"the refunds of intent {payment.IntentId}").FirstOrDefault(r => r.RefundId == refund.Id);

    private static IReadOnlyList<PaymentEvent> Ended(IReadOnlyList<PaymentEvent> events, string otherwise) =>
        events.Count > 0 ? events : throw new UndecidedException($"Not at its end: {otherwise}.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "In doubt {What} of payment {PaymentId} ({Why}): asking the provider")]
    private partial void LogInDoubt(string what, string paymentId, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Payment {PaymentId} and the provider contradict each other; it is settled by nobody but a person")]
    private partial void LogContradiction(Exception error, string paymentId);
}
