using Argosy.Chassis.Messaging;
using Argosy.Contracts.Shipping.V1;
using Google.Protobuf;

namespace Argosy.E2E;

/// <summary>A message as <c>bus_parked</c> keeps it.</summary>
internal static class DeadEnvelope
{
    public static byte[] Of(string id, string order) => Envelope
        .Of(new CancelShipment { OrderId = order, Reason = "by hand" }, id, "order-service", new MessageHeaders { CorrelationId = id }, DateTimeOffset.UtcNow)
        .ToCloudEvent().ToByteArray();
}
