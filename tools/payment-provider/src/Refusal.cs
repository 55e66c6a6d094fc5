namespace Argosy.PaymentProvider;

/// <summary>A request that the provider refuses, in the words of Stripe's error object.</summary>
internal sealed class Refusal(int status, StripeError error) : Exception(error.Message)
{
    public int Status => status;

    public StripeError Error => error;

    public static Refusal Missing(string name) => Parameter(name, "parameter_missing", $"Missing required param: {name}.");

    public static Refusal Parameter(string name, string code, string message) => new(400, new("invalid_request_error", message, code, Param: name));

    public static Refusal Unknown(string what, string id, string name = "id") =>
        new(404, new("invalid_request_error", $"No such {what}: '{id}'", "resource_missing", Param: name));

    public static Refusal Unauthorized { get; } =
        new(401, new("invalid_request_error", "Invalid API Key provided. Send it as a bearer token, or as the user name of basic authentication."));

    public static Refusal Internal { get; } = new(500, new("api_error", "Something went wrong on our end."));

    public static Refusal Overloaded { get; } = new(503, new("api_error", "The service is temporarily unavailable."));

    public static Refusal KeyInUse(string key) => new(409, new(
        "idempotency_error", $"There is currently another in-progress request using this Idempotent Key '{key}'.", "idempotency_key_in_use"));

    public static Refusal KeyReused(string key) => new(400, new(
        "idempotency_error", $"Keys for idempotent requests can only be used with the same parameters they were first used with ('{key}')."));

    /// <summary>The intent is in a state in which this can't be done; the error carries the intent, as Stripe's does.</summary>
    public static Refusal State(Intent intent, string verb) => new(400, new(
        "invalid_request_error", $"You cannot {verb} this PaymentIntent because it has a status of {intent.Status}.",
        "payment_intent_unexpected_state", PaymentIntent: intent.ToResource()));

    public static Refusal Declined(Intent intent) => new(402, intent.Failure()! with { PaymentIntent = intent.ToResource() });
}
