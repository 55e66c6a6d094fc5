using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>Sagas on a real store, through the inbox: every move is one commit, and nothing of it is forgotten.</summary>
public abstract class SagaStoreTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private const string Subject = Checkout.OrderId;
    private const string Id = $"checkout/{Subject}";
    private readonly Saga<CheckoutState> _saga = Checkout.Saga();
    private SagaOwner _owner = null!;

    private protected IStore Store => _owner.Store;

    public async ValueTask InitializeAsync() => _owner = await SagaOwner.OpenAsync<TEngine>(_saga);

    public ValueTask DisposeAsync() => _owner.DisposeAsync();

    [Fact]
    public async Task Starting_commits_the_saga_its_first_row_and_its_command_together()
    {
        await _owner.StartAsync(_saga, Subject);
        var command = (await _owner.SentAsync(Subject)).ShouldHaveSingleItem();
        command.Id.ShouldBe(Ids.From($"{Id}/1/do/1"));
        command.Type.ShouldBe("argosy.inventory.v1.ReserveStock");
        (command.Headers.SagaId, command.Headers.SagaStep, command.Headers.Undoes).ShouldBe((Id, "1/do/1", null));
        command.Headers.CorrelationId.ShouldBe($"correlation of {Subject}");
        var view = await _owner.ViewAsync(Id);
        (view.State, view.Step, view.Reason).ShouldBe(("running", "reserve stock", ""));
        view.Steps.ShouldBe([new SagaStepView("reserve stock", "do", "waiting", "argosy.inventory.v1.ReserveStock", command.Id, 1, _owner.Time.GetUtcNow() + Checkout.Patience, null)]);
    }

    [Fact]
    public async Task A_second_saga_about_the_same_subject_is_a_conflict_and_has_no_effect()
    {
        await _owner.StartAsync(_saga, Subject);
        var again = _owner.Work("again");
        _saga.Start(again, Subject, new CheckoutState(Subject));
        (await _owner.CommitAsync(again)).ShouldBe(CommitResult.Conflict);
        (await _owner.SentAsync(Subject)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_checkout_whose_replies_all_come_twice_completes_once_with_what_it_learned()
    {
        await CompleteAsync();
        (await _owner.ViewAsync(Id)).State.ShouldBe("completed");
        (await _owner.ToldAsync(Subject)).ShouldBe(["completed TRK-1"]);
        (await _owner.SentAsync(Subject)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_message_of_a_reply_s_type_that_answers_nobody_changes_nothing()
    {
        await _owner.StartAsync(_saga, Subject);
        foreach (var headers in new[]
        {
            new MessageHeaders(),
            new MessageHeaders { SagaId = Id, SagaStep = "soon" },
            new MessageHeaders { SagaId = "return/1", SagaStep = "1/do/1" },
            new MessageHeaders { SagaId = "checkout/unknown", SagaStep = "1/do/1" },
        })
        {
            await _owner.DeliverAsync(Envelope.Of(
                new StockReserved { OrderId = Subject }, $"{headers.SagaId} {headers.SagaStep}", "inventory-service", headers, _owner.Time.GetUtcNow()));
        }

        (await _owner.ViewAsync(Id)).Steps.Count.ShouldBe(1);
        (await _owner.Store.QueryAsync<string>("select id from bus_parked")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_completed_saga_is_cancelled_from_the_last_step_and_each_undo_names_its_do()
    {
        await CompleteAsync();
        (await CancelAsync()).ShouldBe((null, CommitResult.Committed));
        await _owner.AnswerAsync(Subject, new ShipmentCancelled { OrderId = Subject });
        await _owner.AnswerAsync(Subject, new PaymentRefunded { OrderId = Subject });
        await _owner.AnswerAsync(Subject, new StockReleased { OrderId = Subject });

        var sent = await _owner.SentAsync(Subject);
        sent.Skip(3).Select(command => command.Type[(command.Type.LastIndexOf('.') + 1)..]).ShouldBe(["CancelShipment", "RefundPayment", "ReleaseStock"]);
        sent.Skip(3).Select(command => command.Headers.UndoneIds.Single()).ShouldBe(sent.Take(3).Select(command => command.Id).Reverse());
        (await _owner.ToldAsync(Subject)).ShouldBe(["completed TRK-1", "compensated: changed my mind"]);
        (await _owner.ViewAsync(Id)).State.ShouldBe("compensated");
    }

    [Fact]
    public async Task Cancelling_an_unknown_saga_is_a_problem_and_fills_nothing()
    {
        var work = _owner.Work();
        (await _saga.CancelAsync(work, _owner.Store, "nobody", "why not", CancellationToken.None)).ShouldNotBeNull().Code.ShouldBe("saga.unknown");
        work.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public async Task A_cancellation_that_was_decided_before_a_reply_came_in_is_a_conflict_and_has_no_effect()
    {
        await _owner.StartAsync(_saga, Subject);
        var stale = _owner.Work();
        await _saga.CancelAsync(stale, _owner.Store, Subject, "too slow", CancellationToken.None);
        await _owner.AnswerAsync(Subject, new StockReserved { OrderId = Subject });
        (await _owner.CommitAsync(stale)).ShouldBe(CommitResult.Conflict);
        (await _owner.ViewAsync(Id)).State.ShouldBe("running");
        (await _owner.SentAsync(Subject))[^1].Type.ShouldBe("argosy.payment.v1.CapturePayment");
    }

    [Fact]
    public async Task Cancelling_what_is_being_undone_already_holds_only_as_long_as_it_is()
    {
        await CompleteAsync();
        await CancelAsync();
        var again = _owner.Work("again");
        (await _saga.CancelAsync(again, _owner.Store, Subject, "again", CancellationToken.None)).ShouldBeNull();
        await _owner.AnswerAsync(Subject, new ShipmentCancelRefused { OrderId = Subject, Reason = "the parcel has left" });
        (await _owner.CommitAsync(again)).ShouldBe(CommitResult.Conflict);
        (await _owner.ToldAsync(Subject)).ShouldBe(["completed TRK-1", "stands TRK-1: the parcel has left"]);
    }

    [Fact]
    public async Task A_command_that_is_not_keyed_by_the_subject_is_refused_before_it_breaks_the_order()
    {
        var work = _owner.Work();
        Should.Throw<InvalidOperationException>(() => _saga.Start(work, Subject, new CheckoutState("another order")))
            .Message.ShouldContain("every command is keyed by the saga's subject");
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Those_stand_that_have_not_moved_since()
    {
        foreach (var subject in new[] { Subject, "another", "third" })
        {
            await _owner.StartAsync(_saga, subject);
        }

        _owner.Time.Advance(TimeSpan.FromSeconds(3));
        await _owner.AnswerAsync(Subject, new StockReserved { OrderId = Subject });

        (await StandAsync(most: 1, ago: TimeSpan.FromSeconds(2))).ShouldBeTrue("two, and one has moved");
        (await StandAsync(most: 2, ago: TimeSpan.FromSeconds(2))).ShouldBeFalse();
        (await StandAsync(most: 0, ago: TimeSpan.FromSeconds(4))).ShouldBeFalse();

        Task<bool> StandAsync(int most, TimeSpan ago) => SagaRouter.StandAsync(_owner.Store, "checkout", most, _owner.Time.GetUtcNow() - ago, CancellationToken.None);
    }

    [Fact]
    public async Task A_pile_is_looked_at_every_100_ms_and_is_none_once_one_is_completed_fast()
    {
        var standing = new StandingSagas(_owner.Store, _owner.Router, _owner.Time, NullLogger<StandingSagas>.Instance);
        for (var i = 0; i <= StandingSagas.Most; i++)
        {
            await _owner.StartAsync(_saga, $"order {i}");
        }

        await _owner.StartAsync(_saga, Subject);
        _owner.Time.Advance(TimeSpan.FromSeconds(3));
        standing.Stand("checkout").ShouldBeNull("nobody has looked");
        await FinishAsync(Subject);

        await Eventually.HoldsAsync(() => standing.Stand("checkout") == TimeSpan.FromMilliseconds(100), "it stands, and has just been looked at");
        _owner.Time.Advance(TimeSpan.FromMilliseconds(60));
        standing.Stand("checkout").ShouldBe(TimeSpan.FromMilliseconds(40));
        _owner.Time.Advance(TimeSpan.FromMilliseconds(40));
        standing.Stand("checkout").ShouldBe(TimeSpan.FromMilliseconds(10), "what was seen holds while it is looked at again");

        await _owner.StartAsync(_saga, "fast");
        await FinishAsync("fast");
        standing.Stand("checkout").ShouldBeNull();
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public async Task One_that_is_completed_is_noted_and_whether_it_was_fast(int seconds, bool isFast)
    {
        var pace = _owner.Router.PaceOf("checkout");
        await _owner.StartAsync(_saga, Subject);
        _owner.Time.Advance(TimeSpan.FromSeconds(seconds));
        await _owner.AnswerAsync(Subject, new StockReserved { OrderId = Subject });
        (pace.Any, pace.Fast).ShouldBe((0, 0));
        await _owner.AnswerAsync(Subject, new PaymentCaptured { OrderId = Subject, PaymentId = "pay-1" });
        await _owner.AnswerAsync(Subject, new ShipmentArranged { OrderId = Subject, TrackingNumber = "TRK-1" });

        var now = _owner.Time.GetUtcNow().ToUnixTimeMilliseconds();
        (pace.Any, pace.Fast).ShouldBe((now, isFast ? now : 0));
    }

    private async Task<(Problem?, CommitResult)> CancelAsync()
    {
        var work = _owner.Work();
        var problem = await _saga.CancelAsync(work, _owner.Store, Subject, "changed my mind", CancellationToken.None);
        return (problem, await _owner.CommitAsync(work));
    }

    private async Task CompleteAsync()
    {
        await _owner.StartAsync(_saga, Subject);
        await FinishAsync(Subject);
    }

    private async Task FinishAsync(string subject)
    {
        await _owner.AnswerAsync(subject, new StockReserved { OrderId = subject });
        await _owner.AnswerAsync(subject, new PaymentCaptured { OrderId = subject, PaymentId = $"pay of {subject}" });
        await _owner.AnswerAsync(subject, new ShipmentArranged { OrderId = subject, TrackingNumber = "TRK-1" });
    }
}

public sealed class SagaStoreOnSqlite : SagaStoreTests<OnSqlite>
{
    // There are as many sagas as there were orders, and it is asked ten times a second.
    [Fact]
    public async Task Those_that_stand_are_found_by_the_index_of_the_open_ones() =>
        (await Store.QueryAsync<Step>($"explain query plan {SagaRouter.Standing}", new { type = "checkout", since = 0L, most = 256L }))
            .ShouldHaveSingleItem().Detail.ShouldStartWith("SEARCH saga USING INDEX saga_open");

    private sealed record Step(long Id, long Parent, long NotUsed, string Detail);
}

[Trait("on", "servers")]
public sealed class SagaStoreOnPostgres : SagaStoreTests<OnPostgres>;
