using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// <c>/admin/dead-letters</c>: messages that failed for good, or that no running version handles, for an operator to look at,
/// retry, edit or discard. Each action is one commit with its audit record.
/// </summary>
internal static class DeadLetterAdmin
{
    private const int Most = 500;
    private const int LongestFilter = 500;

    private static readonly Problem Unknown = Problem.NotFound("dead-letter.unknown", "There is no such dead letter.");

    public static void MapDeadLetters(this IEndpointRouteBuilder admin)
    {
        var letters = admin.MapGroup("/dead-letters");
        letters.MapGet("/", ListAsync)
            .WithSummary("List the messages that failed for good").Answers<DeadLetterList>(200, $"At most {Most} of them, the oldest first, with what they say.");
        letters.MapGet("/{id}", FindAsync)
            .WithSummary("Read a message that failed for good").Answers<DeadLetter>(200, "What it says, and why it failed.");
        letters.MapPost("/{id}/retry", RetryAsync).Writes()
            .WithSummary("Handle a message once more").Answers(204, "It is due now.");
        letters.MapPost("/{id}/edit", EditAsync).Writes()
            .WithSummary("Change what a message says, and handle it once more").Answers(204, "It is changed, and due now.");
        letters.MapPost("/{id}/discard", DiscardAsync).Writes()
            .WithSummary("Throw a message away").Answers(204, "It will have no effect, ever.");
    }

    // A type is meant by its full name, or by its last words; an error by any part of it.
    private static async Task<IResult> ListAsync(string? type, string? error, IStore store, HandlerTable handlers, CancellationToken cancellation)
    {
        var check = new Validation();
        check.That(IsText(type), "type", $"must have at most {LongestFilter} characters, none of them a control character");
        check.That(IsText(error), "error", $"must have at most {LongestFilter} characters, none of them a control character");
        if (check.Problem is { } invalid)
        {
            return invalid.ToResult();
        }

        var dead = await Parking.DeadAsync(store, handlers.Listed, type ?? "", error ?? "", Most, cancellation);
        return Results.Json(new DeadLetterList([.. dead.Select(row => Show(row, handlers))]), StrictJson.Options);
    }

    private static bool IsText(string? filter) => filter is null || (filter.Length <= LongestFilter && !filter.Any(char.IsControl));

    private static async Task<IResult> FindAsync(string id, IStore store, HandlerTable handlers, CancellationToken cancellation) =>
        await WaitingAsync(store, id, handlers, cancellation) is { } row ? Results.Json(Show(row, handlers), StrictJson.Options) : Unknown.ToResult();

    private static async Task<IResult> RetryAsync(string id, Caller caller, IStore store, HandlerTable handlers, WriteSet work, CancellationToken cancellation)
    {
        if (await WaitingAsync(store, id, handlers, cancellation) is not { } row)
        {
            return Unknown.ToResult();
        }

        if (row.State != ParkedState.Dead)
        {
            return Unhandled(row).ToResult();
        }

        work.Execute(
            "update bus_parked set state = 'retry', attempts = 0, due = @now where id = @id and state = 'dead'", new { id, now = work.NowMilliseconds }, rows: 1);
        work.MarkParked();
        work.Audit(caller.Id, "dead-letter.retry", id);
        return Results.NoContent();
    }

    // It keeps its identity and its place: what is delivered once more is still known, and what waits behind it waits on.
    private static async Task<IResult> EditAsync(
        string id, EditedLetter edited, Caller caller, IStore store, HandlerTable handlers, WriteSet work, CancellationToken cancellation)
    {
        if (await WaitingAsync(store, id, handlers, cancellation) is not { } row)
        {
            return Unknown.ToResult();
        }

        if (row.State != ParkedState.Dead)
        {
            return Unhandled(row).ToResult();
        }

        var envelope = Envelope.Parse(row.Envelope);
        if (handlers.EditBody(envelope, edited.Body, out var changed) is { } fault)
        {
            return Problem.Invalid("dead-letter.body", fault).ToResult();
        }

        work.Execute(
            "update bus_parked set envelope = @envelope, state = 'retry', attempts = 0, due = @now where id = @id and state = 'dead' and attempts = @attempts",
            new { envelope = (envelope with { Body = changed.Body }).ToCloudEvent().ToByteArray(), now = work.NowMilliseconds, id, attempts = row.Attempts }, rows: 1);
        work.MarkParked();
        work.Audit(caller.Id, "dead-letter.edit", id, $"changed: {string.Join(", ", changed.Fields)}");
        return Results.NoContent();
    }

    private static async Task<IResult> DiscardAsync(string id, Caller caller, IStore store, HandlerTable handlers, WriteSet work, CancellationToken cancellation)
    {
        if (await WaitingAsync(store, id, handlers, cancellation) is not { } letter)
        {
            return Unknown.ToResult();
        }

        // The inbox row says that it is dealt with: were it delivered once more, it would have no effect.
        work.Execute("insert into bus_inbox (id, at) values (@id, @at) on conflict (id) do nothing", new { id, at = work.NowMilliseconds });
        work.Execute("delete from bus_parked where id = @id and state = @state", new { id, state = letter.State }, rows: 1);
        work.MarkParked();
        work.Audit(caller.Id, "dead-letter.discard", id);
        return Results.NoContent();
    }

    // It waits for a version that handles it, and is due there at once; here nothing would come of another try.
    private static Problem Unhandled(ParkedRow row) => Problem.Conflict(
        "dead-letter.unhandled", $"No handler of {row.Type} is in the version that runs, and it waits for one that has it: start that version, or discard the message.");

    // What waits for an operator: the dead, and what this version of the service does not handle.
    private static async Task<ParkedRow?> WaitingAsync(IStore store, string id, HandlerTable handlers, CancellationToken cancellation) =>
        await Parking.FindAsync(store, id, cancellation) is { } row && (row.State == ParkedState.Dead || (row.State == ParkedState.Retry && !handlers.Handles(row.Type))) ? row : null;

    private static DeadLetter Show(ParkedRow row, HandlerTable handlers)
    {
        var envelope = Envelope.Parse(row.Envelope);
        var body = handlers.BodyAsJson(envelope) is { } json ? JsonSerializer.Deserialize<JsonElement>(json) : (JsonElement?)null;
        return new DeadLetter(row.Id, row.Type, row.Key, row.Error, row.Attempts, envelope.Source, envelope.Time, envelope.Headers, body);
    }

    private sealed record DeadLetterList(IReadOnlyList<DeadLetter> Items) : IExample<DeadLetterList>
    {
        public static DeadLetterList Example { get; } = new([DeadLetter.Example]);
    }

    private sealed record DeadLetter(
        string Id, string Type, string Key, string? Error, long Attempts, string Source, DateTimeOffset At, MessageHeaders Headers, JsonElement? Body) : IExample<DeadLetter>
    {
        public static DeadLetter Example { get; } = new(
            "0195946a-4c11-7c55-b1f0-3f8c2d6e9a01", "argosy.order.v1.OrderPlaced", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "The handler failed five times.", 5, "order-service",
            new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), new MessageHeaders { CorrelationId = "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77" },
            JsonElement.Parse("""{"orderId":"0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77"}"""));
    }

    /// <param name="Body">The whole message as JSON, in a string: its members are the message's own.</param>
    private sealed record EditedLetter(string Body) : IExample<EditedLetter>
    {
        public static EditedLetter Example { get; } = new("""{"orderId":"0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77"}""");
    }
}
