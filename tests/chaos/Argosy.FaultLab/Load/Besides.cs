namespace Argosy.FaultLab.Load;

/// <summary>What clients were acknowledged besides orders: a verdict on what nobody did would say nothing.</summary>
/// <param name="Refunds">Parts of payments to be given back.</param>
/// <param name="Newcomers">Who were registered.</param>
/// <param name="KeysMade">API keys that were told.</param>
/// <param name="KeysRevoked">Those of them whose revocation was acknowledged after they had opened something.</param>
/// <param name="Followed">Orders that were followed on their streams to their end.</param>
internal sealed record Besides(int Refunds, int Newcomers, int KeysMade, int KeysRevoked, int Followed)
{
    public override string ToString() =>
        $"acknowledged: {Refunds} parts of payments to be given back, {Newcomers} newcomers, {KeysMade} API keys, {KeysRevoked} of them revoked after use; {Followed} orders followed to their end";
}
