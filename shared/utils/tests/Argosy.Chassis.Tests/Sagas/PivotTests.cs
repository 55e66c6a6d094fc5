using Argosy.Chassis.Sagas;
using Google.Protobuf.WellKnownTypes;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>The point of no return: before it everything can be undone, after it everything only goes forward.</summary>
public sealed class PivotTests
{
    private static readonly DateTimeOffset Now = new(2025, 11, 23, 0, 0, 0, TimeSpan.Zero);
    private readonly SagaDefinition _definition = ModelSaga.Of(steps: 3, pivot: 2, retriable: _ => false, undoAttempts: 3);

    [Fact]
    public void Cancelling_behind_the_pivot_is_refused_as_a_value()
    {
        var saga = Reply(Reply(Start(), 1), 2);
        Decide(saga, new SagaInput.CancelRequested("too late")).ShouldBeOfType<SagaOutcome.Refused>().Problem.Code.ShouldBe("saga.pivot");
        saga = Reply(saga, 3);
        saga.State.ShouldBe(SagaState.Completed);
        Decide(saga, new SagaInput.CancelRequested("too late")).ShouldBeOfType<SagaOutcome.Refused>().Problem.Code.ShouldBe("saga.pivot");
    }

    [Fact]
    public void A_step_behind_the_pivot_only_waits()
    {
        var saga = Reply(Reply(Start(), 1), 2);
        saga.Row(3, SagaDirection.Do).ShouldNotBeNull().Due.ShouldBeNull();
        SagaEngine.Decide(_definition, saga, new SagaInput.DeadlineReached(3, SagaDirection.Do), Now.AddYears(1)).ShouldBeOfType<SagaOutcome.Ignored>();
    }

    [Fact]
    public void A_pivot_in_doubt_is_undone_like_any_other_step()
    {
        var saga = Moved(Reply(Start(), 1), new SagaInput.CancelRequested("stop")).After;
        (saga.State, saga.Step).ShouldBe((SagaState.Compensating, 2));
    }

    [Fact]
    public void A_pivot_whose_undo_is_refused_stands_and_the_saga_goes_on_behind_it()
    {
        var saga = Moved(Reply(Start(), 1), new SagaInput.CancelRequested("stop")).After;
        var move = Moved(saga, new SagaInput.Replied(new SagaStepTag(2, SagaDirection.Undo, 1), new StringValue { Value = "done already" }));
        (move.After.State, move.After.Step).ShouldBe((SagaState.Running, 3));
        move.Commands.ShouldHaveSingleItem().Tag.ToString().ShouldBe("3/do/1");
        (move.Callback, move.Reason).ShouldBe((SagaCallback.UndoRefused, "done already"));
    }

    private SagaInstance Start() => ((SagaOutcome.Moved)SagaEngine.Decide(_definition, null, new SagaInput.Started("model/1", new ModelState([])), Now)).After;

    private SagaInstance Reply(SagaInstance saga, int step) =>
        Moved(saga, new SagaInput.Replied(new SagaStepTag(step, SagaDirection.Do, 1), new BoolValue())).After;

    private SagaOutcome Decide(SagaInstance saga, SagaInput input) => SagaEngine.Decide(_definition, saga, input, Now);

    private SagaOutcome.Moved Moved(SagaInstance saga, SagaInput input) => Decide(saga, input).ShouldBeOfType<SagaOutcome.Moved>();
}
