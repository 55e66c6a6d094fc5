using Argosy.Chassis.Sagas;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>Every rule of the saga engine as a sentence.</summary>
public sealed class SagaEngineTests
{
    private static readonly string[] WayBack = ["CancelShipment", "RefundPayment", "ReleaseStock"];

    [Fact]
    public void A_started_saga_writes_the_row_of_its_first_step_with_its_command()
    {
        var story = Story.Begun();
        var row = story.Saga.Row(1, SagaDirection.Do).ShouldNotBeNull();
        row.ShouldBe(new StepRow(1, SagaDirection.Do, StepState.Waiting, story.Sent[0].Id, 1, story.Now + Checkout.Patience, null));
        story.Sent[0].Id.ShouldBe(Ids.From($"checkout/{Checkout.OrderId}/1/do/1"));
        story.Sent[0].Tag.ToString().ShouldBe("1/do/1");
        (story.Saga.State, story.Saga.Version).ShouldBe((SagaState.Running, 1));
    }

    [Fact]
    public void A_saga_whose_steps_all_succeed_completes_with_what_it_learned()
    {
        var story = Story.Completed();
        story.Commands.ShouldBe(["ReserveStock", "CapturePayment", "ArrangeShipment"]);
        story.State.ShouldBe(new CheckoutState(Checkout.OrderId, "pay-1", "TRK-1"));
        story.Told.ShouldBe([(SagaCallback.Completed, "")]);
        story.Saga.State.ShouldBe(SagaState.Completed);
        story.Saga.Steps.Values.ShouldAllBe(row => row.State == StepState.Succeeded && row.Due == null);
    }

    [Fact]
    public void A_refusal_undoes_the_steps_before_it_in_reverse_and_not_the_refused_one()
    {
        var story = Story.Paid().Replies(new ShipmentRefused { Reason = "we do not go to AQ" });
        story.Replies(new PaymentRefunded()).Replies(new StockReleased());
        story.Commands.Skip(3).ShouldBe(["RefundPayment", "ReleaseStock"]);
        story.Saga.State.ShouldBe(SagaState.Compensated);
        story.Told.ShouldBe([(SagaCallback.Compensated, "we do not go to AQ")]);
        story.Sent.Select(command => command.Message).OfType<RefundPayment>().Single().Reason.ShouldBe("we do not go to AQ");
    }

    [Fact]
    public void A_first_step_that_is_refused_leaves_nothing_to_undo()
    {
        var story = Story.Begun().Replies(new StockRejected { Reason = "sold out" });
        story.Commands.ShouldBe(["ReserveStock"]);
        story.Told.ShouldBe([(SagaCallback.Compensated, "sold out")]);
    }

    [Fact]
    public void A_step_that_does_not_answer_in_time_is_undone_with_the_others()
    {
        var story = Story.Reserved();
        story.Waits();
        story.StateOf(2, SagaDirection.Do).ShouldBe(StepState.Doubtful);
        story.Replies(new PaymentRefunded()).Replies(new StockReleased());
        story.Commands.Skip(2).ShouldBe(["RefundPayment", "ReleaseStock"]);
        story.Told.ShouldBe([(SagaCallback.Compensated, "capture payment: no answer within 30 s")]);
    }

    [Fact]
    public void An_undo_names_the_do_commands_that_it_undoes()
    {
        var story = Story.Paid().Cancel();
        story.Sent[^1].Undoes.ShouldBe([story.Sent[2].Id]);
        story.Sent.Take(3).ShouldAllBe(command => command.Undoes.IsEmpty);
    }

    [Fact]
    public void A_deadline_that_has_not_come_changes_nothing()
    {
        var story = Story.Begun();
        story.Waits(Checkout.Patience - TimeSpan.FromMilliseconds(1)).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Saga.Version.ShouldBe(1);
    }

    [Fact]
    public void A_deadline_counts_only_if_the_step_still_waits()
    {
        var story = Story.Reserved();
        story.Now += Checkout.Patience;
        story.Apply(new SagaInput.DeadlineReached(1, SagaDirection.Do)).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Saga.State.ShouldBe(SagaState.Running);
    }

    [Fact]
    public void A_repeated_reply_changes_nothing()
    {
        var story = Story.Reserved();
        story.Reply(story.Sent[0].Tag, new StockReserved()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Sent.Count.ShouldBe(2);
    }

    [Fact]
    public void A_reply_of_another_step_direction_or_attempt_changes_nothing()
    {
        var story = Story.Reserved();
        story.Reply(new SagaStepTag(3, SagaDirection.Do, 1), new ShipmentArranged()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Reply(new SagaStepTag(2, SagaDirection.Undo, 1), new PaymentRefunded()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Reply(new SagaStepTag(2, SagaDirection.Do, 2), new PaymentCaptured()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Reply(new SagaStepTag(9, SagaDirection.Do, 1), new PaymentCaptured()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Saga.Version.ShouldBe(2);
    }

    [Fact]
    public void A_message_of_a_type_that_does_not_answer_the_step_changes_nothing()
    {
        var story = Story.Begun();
        story.Reply(story.Sent[0].Tag, new PaymentCaptured()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Saga.State.ShouldBe(SagaState.Running);
    }

    [Fact]
    public void A_reply_to_a_saga_that_nobody_knows_changes_nothing() =>
        SagaEngine.Decide(Checkout.Saga().Definition, null, new SagaInput.Replied(new SagaStepTag(1, SagaDirection.Do, 1), new StockReserved()), default)
            .ShouldBeOfType<SagaOutcome.Ignored>();

    [Fact]
    public void Cancelling_a_running_saga_undoes_the_step_in_doubt_too()
    {
        var story = Story.Paid().Cancel("changed my mind");
        story.Replies(new ShipmentCancelled()).Replies(new PaymentRefunded()).Replies(new StockReleased());
        story.Commands.Skip(3).ShouldBe(WayBack);
        story.Told.ShouldBe([(SagaCallback.Compensated, "changed my mind")]);
    }

    [Fact]
    public void Cancelling_a_completed_saga_undoes_it_from_the_last_step()
    {
        var story = Story.Completed().Cancel();
        story.Replies(new ShipmentCancelled()).Replies(new PaymentRefunded()).Replies(new StockReleased());
        story.Commands.Skip(3).ShouldBe(WayBack);
        story.Told.Select(told => told.Callback).ShouldBe([SagaCallback.Completed, SagaCallback.Compensated]);
    }

    [Fact]
    public void Cancelling_twice_changes_nothing()
    {
        var story = Story.Completed().Cancel();
        story.Apply(new SagaInput.CancelRequested("again")).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Saga.Reason.ShouldBe("changed my mind");
    }

    [Fact]
    public void Cancelling_a_saga_that_nobody_knows_is_refused_with_404() =>
        SagaEngine.Decide(Checkout.Saga().Definition, null, new SagaInput.CancelRequested("x"), default)
            .ShouldBeOfType<SagaOutcome.Refused>().Problem.Status.ShouldBe(404);

    [Fact]
    public void A_refusal_of_the_first_undo_returns_the_saga_to_completed_and_undoes_nothing_else()
    {
        var story = Story.Completed().Cancel();
        story.Replies(new ShipmentCancelRefused { Reason = "the parcel has left" });
        story.Saga.State.ShouldBe(SagaState.Completed);
        story.Commands.Skip(3).ShouldBe(["CancelShipment"]);
        story.Told[^1].ShouldBe((SagaCallback.UndoRefused, "the parcel has left"));
        story.Saga.Reason.ShouldBe("");
        story.Saga.Steps.Values.ShouldAllBe(row => row.Due == null);
    }

    [Fact]
    public void A_saga_that_returned_to_completed_can_be_cancelled_again_by_a_new_command()
    {
        var story = Story.Completed().Cancel();
        story.Replies(new ShipmentCancelRefused { Reason = "the parcel has left" });
        story.Cancel("it came back");
        story.Sent[^1].Tag.ToString().ShouldBe("3/undo/2");
        story.Sent.Select(command => command.Id).ShouldBeUnique();
    }

    [Fact]
    public void A_last_step_in_doubt_whose_undo_is_refused_stands_and_completed_is_not_told_as_well()
    {
        var story = Story.Paid();
        story.Waits();
        story.Replies(new ShipmentCancelRefused { Reason = "the parcel has left" });
        story.Saga.State.ShouldBe(SagaState.Completed);
        story.StateOf(3, SagaDirection.Do).ShouldBe(StepState.Succeeded);
        story.Told.ShouldBe([(SagaCallback.UndoRefused, "the parcel has left")]);
    }

    [Fact]
    public void A_late_reply_to_a_step_in_doubt_moves_nothing_but_is_kept_for_the_case_that_it_stands()
    {
        var story = Story.Paid();
        var arrange = story.Sent[^1].Tag;
        story.Waits();
        story.Reply(arrange, new ShipmentArranged { TrackingNumber = "TRK-9" }).ShouldBeOfType<SagaOutcome.Moved>().Commands.ShouldBeEmpty();
        story.Saga.State.ShouldBe(SagaState.Compensating);
        story.Replies(new ShipmentCancelRefused { Reason = "the parcel has left" });
        story.State.TrackingNumber.ShouldBe("TRK-9");
    }

    [Fact]
    public void A_late_reply_to_a_step_that_is_undone_changes_nothing()
    {
        var story = Story.Reserved();
        var capture = story.Sent[^1].Tag;
        story.Waits();
        story.Replies(new PaymentRefunded());
        story.Reply(capture, new PaymentCaptured { PaymentId = "late" }).ShouldBeOfType<SagaOutcome.Ignored>();
        story.State.PaymentId.ShouldBeNull();
    }

    [Fact]
    public void An_undo_that_is_refused_later_is_sent_again_as_a_new_command_after_a_while()
    {
        var story = Story.Paid().Replies(new ShipmentRefused { Reason = "no" });
        story.Replies(new PaymentDeclined { Reason = "not now" });
        story.Saga.State.ShouldBe(SagaState.Compensating);
        story.Waits(TimeSpan.FromMilliseconds(999)).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Waits(TimeSpan.FromMilliseconds(1)).ShouldBeOfType<SagaOutcome.Moved>();
        story.Sent[^1].Tag.ToString().ShouldBe("2/undo/2");
        story.Replies(new PaymentRefunded()).Replies(new StockReleased());
        story.Saga.State.ShouldBe(SagaState.Compensated);
    }

    [Fact]
    public void An_undo_that_is_always_refused_leaves_the_saga_stuck()
    {
        var story = Story.Paid().Replies(new ShipmentRefused { Reason = "no" });
        story.Replies(new PaymentDeclined { Reason = "never" });
        story.Waits();
        story.Replies(new PaymentDeclined { Reason = "never" });
        story.Waits();
        story.Replies(new PaymentDeclined { Reason = "never" });
        story.Saga.State.ShouldBe(SagaState.Stuck);
        story.Told.ShouldBe([(SagaCallback.Stuck, "The undo of 'capture payment' failed: never")]);
        story.Waits(TimeSpan.FromDays(1)).ShouldBeOfType<SagaOutcome.Ignored>();
    }

    [Fact]
    public void An_undo_that_does_not_answer_leaves_the_saga_stuck_and_its_late_reply_resumes_it()
    {
        var story = Story.Reserved().Replies(new PaymentDeclined { Reason = "no funds" });
        story.Waits();
        story.Saga.State.ShouldBe(SagaState.Stuck);
        story.Told.ShouldBe([(SagaCallback.Stuck, "The undo of 'reserve stock' failed: no answer within 30 s")]);
        story.Replies(new StockReleased());
        story.Saga.State.ShouldBe(SagaState.Compensated);
        story.Told[^1].ShouldBe((SagaCallback.Compensated, "no funds"));
    }

    [Fact]
    public void A_saga_that_is_stuck_already_is_not_reported_again_for_a_late_refusal()
    {
        var story = Story.Paid().Replies(new ShipmentRefused { Reason = "no" });
        story.Waits();
        story.Operator(SagaAction.Retry);
        story.Operator(SagaAction.Retry);
        story.Waits();
        story.Told.Clear();
        story.Replies(new PaymentDeclined { Reason = "never" });
        (story.Saga.State, story.StateOf(2, SagaDirection.Undo)).ShouldBe((SagaState.Stuck, StepState.Refused));
        story.Told.ShouldBeEmpty();
    }

    [Fact]
    public void A_retry_by_an_operator_is_a_new_command_and_the_reply_to_the_old_one_is_ignored()
    {
        var story = Story.Reserved().Replies(new PaymentDeclined { Reason = "no funds" });
        var first = story.Sent[^1];
        story.Waits();
        story.Operator(SagaAction.Retry).ShouldBeOfType<SagaOutcome.Moved>();
        story.Saga.State.ShouldBe(SagaState.Compensating);
        story.Sent[^1].Tag.ToString().ShouldBe("1/undo/2");
        story.Sent[^1].Id.ShouldNotBe(first.Id);
        story.Reply(first.Tag, new StockReleased()).ShouldBeOfType<SagaOutcome.Ignored>();
        story.Replies(new StockReleased());
        story.Saga.State.ShouldBe(SagaState.Compensated);
    }

    [Fact]
    public void A_skip_by_an_operator_takes_the_undo_as_done_and_goes_on()
    {
        var story = Story.Paid().Cancel();
        story.Waits();
        story.Operator(SagaAction.Skip).ShouldBeOfType<SagaOutcome.Moved>();
        story.StateOf(3, SagaDirection.Undo).ShouldBe(StepState.Skipped);
        story.Commands.Last().ShouldBe("RefundPayment");
        story.Saga.State.ShouldBe(SagaState.Compensating);
    }

    [Fact]
    public void A_force_by_an_operator_ends_the_saga_as_compensated()
    {
        var story = Story.Paid().Cancel();
        story.Waits();
        story.Operator(SagaAction.Force).ShouldBeOfType<SagaOutcome.Moved>().Commands.ShouldBeEmpty();
        story.Saga.State.ShouldBe(SagaState.Compensated);
        story.Told[^1].ShouldBe((SagaCallback.Compensated, "changed my mind"));
        story.Saga.Steps.Values.ShouldAllBe(row => row.Due == null);
    }

    [Fact]
    public void What_an_operator_does_is_audited()
    {
        var story = Story.Paid().Cancel();
        story.Waits();
        story.Operator(SagaAction.Skip);
        story.Audit.ShouldBe(new SagaAudit("ada", SagaAction.Skip,
            "the undo of 'arrange shipment' was overdue in attempt 1 (no answer within 30 s). seen to it by hand"));
    }

    [Fact]
    public void An_operator_can_only_help_an_undo_along()
    {
        foreach (var story in new[] { Story.Paid(), Story.Completed() })
        {
            story.Operator(SagaAction.Force).ShouldBeOfType<SagaOutcome.Refused>().Problem.Code.ShouldBe("saga.state");
        }
    }

    [Fact]
    public void A_last_step_that_cannot_be_taken_back_may_be_forced_to_stand_and_its_owner_is_told_so()
    {
        var story = Story.Completed().Cancel();
        story.Waits();
        story.Saga.State.ShouldBe(SagaState.Stuck);
        story.Apply(new SagaInput.Operated(new SagaOperation(SagaAction.Force, "ada", "the parcel was seen", SagaState.Completed))).ShouldBeOfType<SagaOutcome.Moved>();
        (story.Saga.State, story.StateOf(3, SagaDirection.Undo), story.StateOf(3, SagaDirection.Do)).ShouldBe((SagaState.Completed, StepState.Skipped, StepState.Succeeded));
        story.Told[^1].ShouldBe((SagaCallback.UndoRefused, "It could not be taken back."));
    }

    [Fact]
    public void What_was_taken_back_in_part_cannot_be_forced_to_stand()
    {
        var story = Story.Completed().Cancel().Replies(new ShipmentCancelled());
        story.Waits();
        story.Saga.State.ShouldBe(SagaState.Stuck);
        story.Apply(new SagaInput.Operated(new SagaOperation(SagaAction.Force, "ada", "it stands", SagaState.Completed)))
            .ShouldBeOfType<SagaOutcome.Refused>().Problem.Detail.ShouldBe("'arrange shipment' is taken back already, so the saga can only end as compensated.");
        story.Saga.State.ShouldBe(SagaState.Stuck);
    }

    [Fact]
    public void A_step_that_ends_by_itself_is_left_to_do_so()
    {
        foreach (var action in Enum.GetValues<SagaAction>())
        {
            var refused = Story.Paid().Operator(action).ShouldBeOfType<SagaOutcome.Refused>().Problem;
            (refused.Code, refused.Detail.StartsWith("'arrange shipment' is being done, and ends by itself", StringComparison.Ordinal)).ShouldBe(("saga.state", true));
        }
    }
}
