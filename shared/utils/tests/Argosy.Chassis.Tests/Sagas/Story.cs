using Argosy.Chassis.Sagas;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using Google.Protobuf;
using Shouldly;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>One checkout, told input by input against the pure engine.</summary>
internal sealed class Story
{
    private readonly SagaDefinition _definition = Checkout.Saga().Definition;

    public SagaInstance Saga { get; private set; } = null!;

    public List<SagaCommand> Sent { get; } = [];

    public List<(SagaCallback Callback, string Reason)> Told { get; } = [];

    public SagaAudit? Audit { get; private set; }

    public DateTimeOffset Now { get; set; } = new(2025, 11, 23, 0, 0, 0, TimeSpan.Zero);

    public CheckoutState State => (CheckoutState)Saga.Data;

    /// <summary>The names of what was sent, in order.</summary>
    public IEnumerable<string> Commands => Sent.Select(command => command.Message.Descriptor.Name);

    public static Story Begun()
    {
        var story = new Story();
        story.Apply(new SagaInput.Started($"checkout/{Checkout.OrderId}", new CheckoutState(Checkout.OrderId))).ShouldBeOfType<SagaOutcome.Moved>();
        return story;
    }

    public static Story Reserved() => Begun().Replies(new StockReserved());

    public static Story Paid() => Reserved().Replies(new PaymentCaptured { PaymentId = "pay-1" });

    public static Story Completed() => Paid().Replies(new ShipmentArranged { TrackingNumber = "TRK-1" });

    public SagaOutcome Apply(SagaInput input)
    {
        var outcome = SagaEngine.Decide(_definition, Saga, input, Now);
        if (outcome is SagaOutcome.Moved move)
        {
            Saga = move.After;
            Sent.AddRange(move.Commands);
            Audit = move.Audit ?? Audit;
            if (move.Callback != SagaCallback.None)
            {
                Told.Add((move.Callback, move.Reason));
            }
        }

        return outcome;
    }

    /// <summary>Answers the command that was sent last; the story must go on.</summary>
    public Story Replies(IMessage message)
    {
        Reply(Sent[^1].Tag, message).ShouldBeOfType<SagaOutcome.Moved>();
        return this;
    }

    public SagaOutcome Reply(SagaStepTag tag, IMessage message) => Apply(new SagaInput.Replied(tag, message));

    public Story Cancel(string reason = "changed my mind")
    {
        Apply(new SagaInput.CancelRequested(reason)).ShouldBeOfType<SagaOutcome.Moved>();
        return this;
    }

    /// <summary>Lets the time pass until the last command is due.</summary>
    public SagaOutcome Waits(TimeSpan? time = null)
    {
        Now += time ?? Checkout.Patience;
        return Apply(new SagaInput.DeadlineReached(Sent[^1].Tag.Step, Sent[^1].Tag.Direction));
    }

    public SagaOutcome Operator(SagaAction action) => Apply(new SagaInput.Operated(new SagaOperation(action, "ada", "seen to it by hand")));

    public StepState StateOf(int step, SagaDirection direction) => Saga.Row(step, direction).ShouldNotBeNull().State;
}
