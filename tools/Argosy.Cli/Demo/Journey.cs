using Argosy.Checker.History;
using Argosy.Cli.Access;

namespace Argosy.Cli.Demo;

/// <summary>One order from its first attempt to its end, as its kind has it.</summary>
internal sealed class Journey(Session customer, Session admin, Recorder recorder, TimeProvider time, TimeSpan patience)
{
    public async Task<OrderRecord> GoAsync(PlannedOrder planned, Action<OrderRecord> accepted, CancellationToken ct)
    {
        var record = new OrderRecord(planned);
        var began = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        OrderWatch? watch = null;
        try
        {
            var answer = await PlaceAsync(planned, either.Token);
            if (!answer.IsSuccess)
            {
                return record with { Trouble = $"was refused: {answer}" };
            }

            var placed = answer.Read(DemoWire.Default.Order);
            record = record with { Id = placed.Id, Total = placed.Total, Accepted = time.GetElapsedTime(began) };
            accepted(record);
            watch = new OrderWatch(customer, placed.Id, recorder);
            var trouble = await SteerAsync(planned.Kind, placed.Id, watch, either.Token);
            return Told(record, watch.Last!) with { Trouble = trouble, Final = time.GetElapsedTime(began) };
        }
        catch (UnansweredException e)
        {
            return Told(record, watch?.Last) with { Trouble = e.Message };
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Told(record, watch?.Last) with { Trouble = $"isn't settled after {patience.TotalMinutes:0} min" };
        }
    }

    /// <summary>Does what its kind asks for, and returns when the order is where it ends; or says what was refused on the way.</summary>
    private async Task<string?> SteerAsync(OrderKind kind, string id, OrderWatch watch, CancellationToken ct)
    {
        string? refused = null;
        if (kind.Cancels == Cancels.AtOnce)
        {
            refused = await CancelAsync(id, ct);
        }
        else
        {
            var settled = await watch.UntilAsync(o => o.Status is "confirmed" or "cancelled" or "shipped" or "attention", ct);
            refused = settled.Status != "confirmed" ? null
                : kind.Cancels == Cancels.WhenConfirmed ? await CancelAsync(id, ct)
                : kind.IsDispatched ? await DispatchAsync(id, ct)
                : null;
        }

        var mayStay = refused is not null || (kind.Cancels == Cancels.Never && !kind.IsDispatched);
        await watch.UntilAsync(o => o.Status is "cancelled" or "shipped" or "attention" || (mayStay && o.Status == "confirmed"), ct);
        return refused;
    }

    /// <summary>Asks for the cancellation; null once it is accepted, or why it wasn't.</summary>
    public async Task<string?> CancelAsync(string id, CancellationToken ct)
    {
        var ask = Ask.Post($"/api/v1/orders/{id}/cancel", new NewCancellation("demo"), DemoWire.Default.NewCancellation);
        var answer = await recorder.AskAsync(customer, ask with { IdempotencyKey = $"cancel-{id}" }, Recorder.About(Act.Cancel) with { Order = id }, patience, ct);
        return answer.IsSuccess ? null : $"couldn't be cancelled: {answer}";
    }

    /// <summary>An administrator hands the parcel over; null once it has left, or why it hasn't.</summary>
    public async Task<string?> DispatchAsync(string id, CancellationToken ct)
    {
        var found = await admin.AskAsync(Ask.Get($"/api/v1/shipments?orderId={id}"), patience, ct);
        if (!found.IsSuccess || found.Read(DemoWire.Default.ShipmentPage).Items is not [var shipment])
        {
            return $"is confirmed without exactly one shipment: {found}";
        }

        var ask = Ask.Post($"/api/v1/shipments/{shipment.Id}/dispatch") with { IdempotencyKey = $"dispatch-{id}" };
        var answer = await recorder.AskAsync(admin, ask, Recorder.About(Act.Dispatch) with { Order = id }, patience, ct);
        return answer.IsSuccess ? null : $"couldn't be dispatched: {answer}";
    }

    private static OrderRecord Told(OrderRecord record, Order? last) =>
        last is null ? record : record with { Status = last.Status, Reason = last.Reason, Total = last.Total };

    /// <summary>Asks for the order until it is answered.</summary>
    public async Task<Answer> PlaceAsync(PlannedOrder planned, CancellationToken ct)
    {
        var about = Recorder.About(Act.Place) with
        {
            Customer = await customer.SubjectAsync(ct),
            Key = planned.Key,
            Lines = [.. planned.Lines.Select(line => new Pieces(line.Item.Sku, line.Quantity))],
            Expected = new Amount(planned.Amount, DemoPlan.Currency),
        };
        return await recorder.AskAsync(customer, Placing(planned), about, patience, ct);
    }

    /// <summary>The request that every attempt to place this order is.</summary>
    public static Ask Placing(PlannedOrder planned)
    {
        var address = new Address("Demo Customer", "1 Harbour Street", "Bremen", "28195", planned.Kind.Country);
        var order = new NewOrder([.. planned.Lines.Select(l => new NewLine(l.Item.Sku, l.Quantity))], planned.Kind.Token, address);
        return Ask.Post("/api/v1/orders", order, DemoWire.Default.NewOrder) with { IdempotencyKey = planned.Key };
    }
}
