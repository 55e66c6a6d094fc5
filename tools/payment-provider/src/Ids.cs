namespace Argosy.PaymentProvider;

/// <summary>Names that begin with their kind, as Stripe's do, and sort by the time of their making.</summary>
internal static class Ids
{
    public static string New(string kind, DateTimeOffset now) => $"{kind}_{Guid.CreateVersion7(now):N}";
}
