namespace Argosy.FaultLab.CrashPoints;

/// <summary>The parts of the system that an errand sets in motion, and by which a failpoint can be passed.</summary>
[Flags]
internal enum Reaches
{
    Nothing = 0,
    Order = 1,
    Payment = 2,
    Confirmation = 4,
    Cancellation = 8,
    Refund = 16,
    Shipment = 32,
    Dispatch = 64,
    Item = 128,
    Account = 256,
}
