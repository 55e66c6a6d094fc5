using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// <c>/admin/dead-letters</c>: messages that failed for good, or that no running version handles, for an operator to look at, retry or discard. Each action is one commit
/// with its audit record.
/// </summary>
internal static class DeadLetterAdmin
{
    private const int Most = 500;

    private static readonly Problem Unknown = Problem.NotFound("dead-letter.unknown", "There is no such dead letter.");

    public static void MapDeadLetters(this IEndpointRouteBuilder admin)
    {
        var letters = admin.MapGroup("/dead-letters");
        letters.MapGet("/", ListAsync)
            .WithSummary("List the messages that failed for good").Answers<DeadLetterList>(200, $"At most {Most} of them, with what they say.");
        letters.MapPost("/{id}/retry", RetryAsync).Writes()
            .WithSummary("Handle a message once more").Answers(204, "It is due now.");
        letters.MapPost("/{id}/discard", DiscardAsync).Writes()
            .WithSummary("Throw a message away").Answers(204, "It will have no effect, ever.");
    }

    private static async Task<IResult> ListAsync(IStore store, HandlerTable handlers, CancellationToken cancellation)
    {
        var dead = await Parking.DeadAsync(store, handlers.Listed, Most, cancellation);
        return Results.Json(new DeadLetterList([.. dead.Select(row => Show(row, handlers))]), StrictJson.Options);
    }

    private static async Task<IResult> RetryAsync(string id, Caller caller, IStore store, WriteSet work, CancellationToken cancellation)
    {
        if (await DeadAsync(store, id, cancellation) is null)
        {
            return Unknown.ToResult();
        }

        work.Execute(
            "update bus_parked set state = 'retry', attempts = 0, due = @now where id = @id and state = 'dead'", new { id, now = work.NowMilliseconds }, rows: 1);
        work.MarkParked();
        work.Audit(caller.Id, "dead-letter.retry", id);
        return Results.NoContent();
    }

    private static async Task<IResult> DiscardAsync(string id, Caller caller, IStore store, HandlerTable handlers, WriteSet work, CancellationToken cancellation)
    {
        if (await Parking.FindAsync(store, id, cancellation) is not { } letter || !(letter.State == ParkedState.Dead || (letter.State == ParkedState.Retry && !handlers.Handles(letter.Type))))
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

    private static async Task<ParkedRow?> DeadAsync(IStore store, string id, CancellationToken cancellation) =>
        await Parking.FindAsync(store, id, cancellation) is { State: ParkedState.Dead } row ? row : null;

    private static DeadLetter Show(ParkedRow row, HandlerTable handlers)
    {
        var envelope = Envelope.Parse(row.Envelope);
        var body = handlers.BodyAsJson(envelope) is { } json ? JsonSerializer.Deserialize<JsonElement>(json) : (JsonElement?)null;
        return new DeadLetter(row.Id, row.Type, row.Key, row.Error, row.Attempts, envelope.Source, envelope.Time, body);
    }

    private sealed record DeadLetterList(IReadOnlyList<DeadLetter> Items) : IExample<DeadLetterList>
    {
        public static DeadLetterList Example { get; } = new([new DeadLetter(
            "0195946a-4c11-7c55-b1f0-3f8c2d6e9a01", "argosy.order.v1.OrderPlaced", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "The handler failed five times.", 5, "order-service",
            new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), JsonElement.Parse("""{"orderId":"0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77"}"""))]);
    }

    private sealed record DeadLetter(string Id, string Type, string Key, string? Error, long Attempts, string Source, DateTimeOffset At, JsonElement? Body);
}
