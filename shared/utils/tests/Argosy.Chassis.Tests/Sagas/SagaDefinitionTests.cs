using Argosy.Chassis.Sagas;
using Google.Protobuf.WellKnownTypes;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>A list that cannot run says so before it does, with a sentence for everything that is missing.</summary>
public sealed class SagaDefinitionTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_checkout_is_complete() => Checkout.Saga().Definition.Steps.Count.ShouldBe(3);

    [Fact]
    public void A_saga_without_steps_or_ends_says_all_of_it_at_once()
    {
        var error = FaultOf(new Saga<ModelState>("Check Out"));
        error.ShouldStartWith("The saga 'Check Out' cannot run: its type is part of ids");
        error.ShouldContain("it has no Step(…)");
        error.ShouldContain("it has no Completed(…), so nobody would hear of that end");
        error.ShouldContain("it has no Compensated(…), so nobody would hear of that end");
    }

    [Fact]
    public void A_step_without_a_way_back_is_refused() =>
        Fault(saga => saga.Step("charge").Do(Command).Succeeds<BoolValue>().Within(Soon))
            .ShouldBe("The saga 'model' cannot run: step 'charge' has no Undo(…), so nothing could take it back.");

    [Fact]
    public void A_step_that_nothing_ends_is_refused()
    {
        var error = Fault(saga => saga.Step("charge").Do(Command).Undo(Command));
        error.ShouldContain("step 'charge' has no Succeeds<…>(), so it would never end");
        error.ShouldContain("step 'charge' needs a Within(…) above zero after its Do(…), or it could wait for ever");
        error.ShouldContain("step 'charge' has no Until<…>() after its Undo(…), so the undo would never end");
        error.ShouldContain("step 'charge' needs a Within(…) above zero after its Undo(…), or nobody would notice that the undo hangs");
    }

    [Fact]
    public void A_step_without_a_command_is_refused() =>
        Fault(saga => saga.Step("charge")).ShouldContain("step 'charge' has no Do(…)");

    [Fact]
    public void One_reply_cannot_mean_two_things() =>
        Fault(saga => saga.Step("charge").Do(Command).Succeeds<BoolValue>().Fails<BoolValue>(_ => "no").Within(Soon)
            .Undo(Command).Until<BoolValue>().Within(Soon)).ShouldContain("step 'charge' has two meanings for BoolValue after its Do(…)");

    [Fact]
    public void A_retriable_step_can_neither_fail_nor_be_late() =>
        Fault(saga => saga.Step("charge").Do(Command).Succeeds<BoolValue>().Within(Soon).Undo(Command).Until<BoolValue>().Within(Soon).Retriable())
            .ShouldContain("step 'charge' is Retriable(): it only waits");

    [Fact]
    public void Behind_the_pivot_everything_is_retriable_and_nothing_is_undone()
    {
        var error = Fault(saga => Good(saga, "charge").Pivot().Step("send")
            .Do(Command).Succeeds<BoolValue>().Within(Soon).Undo(Command).Until<BoolValue>().Within(Soon));
        error.ShouldContain("step 'send' comes after the pivot 'charge' and must be Retriable(): nothing can be undone any more");
        error.ShouldContain("step 'send' comes after the pivot 'charge' and has an Undo(…) that could never run");
    }

    [Fact]
    public void There_is_one_pivot() =>
        Fault(saga => Good(Good(saga, "one").Pivot(), "two").Pivot()).ShouldContain("it has more than one Pivot()");

    [Fact]
    public void Steps_have_names_of_their_own() =>
        Fault(saga => Good(Good(saga, "one"), "one")).ShouldContain("step 2 needs a name of its own, not 'one'");

    [Fact]
    public void A_refusal_that_decides_must_be_heard() =>
        Fault(saga => saga.Step("send").Do(Command).Succeeds<BoolValue>().Within(Soon)
            .Undo(Command).Until<BoolValue>().RefusedBy<StringValue>(m => m.Value).Within(Soon))
            .ShouldContain("the undo of 'send' has RefusedBy, after which everything stands, and there is no UndoRefused(…)");

    [Fact]
    public void The_backoff_of_a_refused_undo_doubles_up_to_a_minute() =>
        Enumerable.Range(1, 8).Select(attempt => SagaDefinition.Backoff(attempt).TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 32, 60, 60]);

    private static Int32Value Command(ModelState state) => new();

    private static SagaUndo<ModelState> Good(Saga<ModelState> saga, string name) => Good(saga.Step(name));

    private static SagaUndo<ModelState> Good(SagaClause<ModelState> before, string name) => Good(before.Step(name));

    private static SagaUndo<ModelState> Good(SagaStepName<ModelState> step) =>
        step.Do(Command).Succeeds<BoolValue>().Within(Soon).Undo(Command).Until<BoolValue>().Within(Soon);

    private static string Fault(Action<Saga<ModelState>> steps)
    {
        var saga = new Saga<ModelState>("model").Completed((_, _) => { }).Compensated((_, _, _) => { });
        steps(saga);
        return FaultOf(saga);
    }

    private static string FaultOf(Saga<ModelState> saga) => Should.Throw<InvalidOperationException>(() => saga.Definition).Message;
}
