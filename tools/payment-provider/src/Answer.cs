using System.Text.Json;

namespace Argosy.PaymentProvider;

/// <summary>When an operation runs, and whether it has already been kept waiting.</summary>
internal readonly record struct Moment(DateTimeOffset Now, bool Waited);

/// <summary>What a request is answered: the bytes that are sent, and stored under its idempotency key.</summary>
internal sealed record Answer(int Status, byte[] Body, Manner Manner = Manner.Answer)
{
    /// <summary>Not an answer: nothing has happened yet, and the operation is to be run again after the slow token's time.</summary>
    public static Answer AfterAWhile { get; } = new(0, []);

    public static Answer With<T>(int status, T resource) => new(status, JsonSerializer.SerializeToUtf8Bytes(resource, typeof(T), StripeJson.Default));

    public static Answer With(Refusal refusal) => With(refusal.Status, new ErrorBody(refusal.Error));
}
