using Argosy.Chassis;

namespace Argosy.Payments;

internal abstract record PaymentEvent(DateTimeOffset At);

/// <summary>We mean to take this amount. Every call about it carries a key that begins with <paramref name="ProviderKey"/>.</summary>
internal sealed record CaptureStarted(string OrderId, string Customer, Money Amount, string Token, string ProviderKey, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider has an intent; nothing is charged yet.</summary>
internal sealed record IntentCreated(string IntentId, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider says that the money was taken.</summary>
internal sealed record Captured(DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider says that it will not be, and why.</summary>
internal sealed record Declined(string Reason, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The order is undone: nothing of its money may stay with us.</summary>
internal sealed record ReturnRequested(string Reason, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider says that the intent will never be charged.</summary>
internal sealed record Cancelled(DateTimeOffset At) : PaymentEvent(At);

/// <summary>The order was undone before its payment was heard of; a capture that comes now is too late.</summary>
internal sealed record Voided(string OrderId, string Reason, DateTimeOffset At) : PaymentEvent(At);

/// <summary>We mean to give this much back, under a key of its own.</summary>
internal sealed record RefundStarted(string RefundId, long Amount, string By, string Reason, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider says that it was given back.</summary>
internal sealed record RefundDone(string RefundId, string ProviderRefundId, DateTimeOffset At) : PaymentEvent(At);

/// <summary>The provider refuses to give it back.</summary>
internal sealed record RefundRefused(string RefundId, string Reason, DateTimeOffset At) : PaymentEvent(At);
