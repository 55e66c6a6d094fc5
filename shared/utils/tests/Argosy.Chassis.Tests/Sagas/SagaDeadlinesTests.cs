using System.Diagnostics.Metrics;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>What happens to sagas when nobody answers, and what operators do about it.</summary>
public abstract class SagaDeadlinesTests<TEngine>
    where TEngine : IEngine
{
    private static readonly TimeSpan Patience = Checkout.Patience;

    [Fact]
    public async Task A_deadline_undoes_the_step_in_doubt_under_the_correlation_of_the_start()
    {
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, "o1");
        (await owner.ReachDeadlinesAsync(Patience - TimeSpan.FromMilliseconds(1))).ShouldBe(0);
        (await owner.ReachDeadlinesAsync(TimeSpan.FromMilliseconds(1))).ShouldBe(1);

        var undo = (await owner.SentAsync("o1"))[^1];
        (undo.Type, undo.Headers.SagaStep, undo.Headers.CorrelationId).ShouldBe(("argosy.inventory.v1.ReleaseStock", "1/undo/1", "correlation of o1"));
        await owner.AnswerAsync("o1", new StockReleased { OrderId = "o1" });
        (await owner.ToldAsync("o1")).ShouldBe(["compensated: reserve stock: no answer within 30 s"]);
    }

    [Fact]
    public async Task A_hundred_sagas_that_are_due_at_once_all_move()
    {
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(n => owner.StartAsync(saga, $"o{n}")));
        var moved = await owner.ReachDeadlinesAsync(Patience);
        moved.ShouldBe(64, "one bounded batch");
        (await owner.ReachDeadlinesAsync(TimeSpan.Zero)).ShouldBe(36);
        (await owner.ReachDeadlinesAsync(TimeSpan.Zero)).ShouldBe(0);
        (await owner.Store.QueryAsync<long>("select count(*) from bus_outbox where type = 'argosy.inventory.v1.ReleaseStock'")).ShouldBe([100]);
    }

    [Fact]
    public async Task A_saga_whose_owner_s_code_throws_is_put_off_and_holds_up_no_other()
    {
        var saga = Checkout.Saga().Stuck((o, _, _) =>
        {
            if (o.OrderId == "bad")
            {
                throw new InvalidOperationException("a bug");
            }
        });
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, "bad");
        await owner.StartAsync(saga, "good");
        (await owner.ReachDeadlinesAsync(Patience)).ShouldBe(2);
        (await owner.ReachDeadlinesAsync(Patience)).ShouldBe(1);
        (await owner.ViewAsync("checkout/good")).State.ShouldBe("stuck");
        (await owner.ViewAsync("checkout/bad")).State.ShouldBe("compensating");
        (await owner.ReachDeadlinesAsync(TimeSpan.Zero)).ShouldBe(0);
        (await owner.ViewAsync("checkout/bad")).Steps[^1].Due.ShouldBe(owner.Time.GetUtcNow() + TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_operator_sees_what_is_stuck_helps_it_along_and_is_remembered()
    {
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, "o1");
        await owner.ReachDeadlinesAsync(Patience);
        await owner.ReachDeadlinesAsync(Patience);
        var stuck = (await owner.Router.ListAsync(owner.Store, null, 10, CancellationToken.None)).ShouldHaveSingleItem();
        (stuck.Id, stuck.State, stuck.Step, stuck.Reason).ShouldBe(("checkout/o1", "stuck", "reserve stock", "reserve stock: no answer within 30 s"));
        stuck.Steps.Select(step => (step.Direction, step.State)).ShouldBe([("do", "doubtful"), ("undo", "overdue")]);

        var work = owner.Work();
        (await owner.Router.OperateAsync(owner.Store, "checkout/o1", new SagaOperation(SagaAction.Retry, "ada", "inventory is back"), work, CancellationToken.None)).ShouldBeNull();
        (await owner.CommitAsync(work)).ShouldBe(CommitResult.Committed);
        (await owner.SentAsync("o1"))[^1].Headers.SagaStep.ShouldBe("1/undo/2");
        await owner.AnswerAsync("o1", new StockReleased { OrderId = "o1" });
        (await owner.ViewAsync("checkout/o1")).State.ShouldBe("compensated");
        (await owner.Router.ListAsync(owner.Store, null, 10, CancellationToken.None)).ShouldBeEmpty();
        (await owner.Store.QueryAsync<string>("select actor || ' ' || action || ' ' || target || ' ' || detail from sys_audit")).ShouldBe(
            ["ada saga.retry checkout/o1 the undo of 'reserve stock' was overdue in attempt 1 (no answer within 30 s). inventory is back"]);
    }

    [Fact]
    public async Task Operators_are_told_what_cannot_be_helped()
    {
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, "o1");
        async Task<string?> ForceAsync(string id) =>
            (await owner.Router.OperateAsync(owner.Store, id, new SagaOperation(SagaAction.Force, "ada", ""), owner.Work(), CancellationToken.None))?.Code;

        (await ForceAsync("checkout/o1")).ShouldBe("saga.state");
        (await ForceAsync("checkout/o2")).ShouldBe("saga.unknown");
        (await ForceAsync("return/o1")).ShouldBe("saga.unknown");
    }

    [Fact]
    public async Task Beginnings_and_ends_are_counted_once_and_only_when_committed()
    {
        var counted = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Argosy.Sagas")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            if (Equals(tags[0].Value, "counted"))
            {
                counted.Add(instrument.Name);
            }
        });
        listener.Start();

        var saga = Checkout.Saga("counted");
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, "o1");
        var never = owner.Work("never");
        saga.Start(never, "o1", new CheckoutState("o1"));
        (await owner.CommitAsync(never)).ShouldBe(CommitResult.Conflict);
        await owner.ReachDeadlinesAsync(Patience);
        await owner.ReachDeadlinesAsync(Patience);
        await owner.AnswerAsync("o1", new StockReleased { OrderId = "o1" });
        counted.ShouldBe(["argosy.sagas.started", "argosy.sagas.stuck", "argosy.sagas.ended"]);
    }
}

public sealed class SagaDeadlinesOnSqlite : SagaDeadlinesTests<OnSqlite>;

[Trait("on", "servers")]
public sealed class SagaDeadlinesOnPostgres : SagaDeadlinesTests<OnPostgres>;
