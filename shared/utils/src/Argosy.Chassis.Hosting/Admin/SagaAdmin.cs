using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// <c>/admin/sagas</c>: where every saga is, and what an operator can do about what does not end by itself. A saga's id is two segments of
/// the path, <c>/admin/sagas/checkout/&lt;order id&gt;/retry</c>. Each action is one commit with its audit record.
/// </summary>
internal static class SagaAdmin
{
    private const int Most = 500;
    private const int LongestNote = 500;

    private static readonly string[] Ends = [SagaState.Compensated.ToText(), SagaState.Completed.ToText()];

    private static readonly Problem Unknown = Problem.NotFound("saga.unknown", "There is no such saga.");

    public static void MapSagas(this IEndpointRouteBuilder admin)
    {
        var sagas = admin.MapGroup("/sagas");
        sagas.MapGet("/", ListAsync)
            .WithSummary("List sagas: those of a state, or those that have not ended").Answers<SagaList>(200, $"At most {Most}, the stuck first, then by their last move, the oldest first.").Refuses(400);
        sagas.MapGet("/{type}/{subject}", FindAsync)
            .WithSummary("Read where a saga is").Answers<SagaView>(200, "The saga, its steps and what it did.");
        foreach (var action in Enum.GetValues<SagaAction>())
        {
            sagas.MapPost($"/{{type}}/{{subject}}/{action.ToString().ToLowerInvariant()}", OperateAsync).Writes().WithName($"saga{action}")
                .WithSummary(MeaningOf(action)).Answers(204, "It is noted, and done next.");

            Task<IResult> OperateAsync(
                string type, string subject, OperatorNote? note, Caller caller, SagaRouter router, IStore store, WriteSet work, CancellationToken cancellation) =>
                ActAsync($"{type}/{subject}", action, note, caller, router, store, work, cancellation);
        }
    }

    // Without a state: those that have not ended, the stuck first, which is where trouble is.
    private static async Task<IResult> ListAsync(string? state, SagaRouter router, IStore store, CancellationToken cancellation)
    {
        var known = Enum.GetValues<SagaState>().Where(one => one.ToText() == state).ToList();
        if (state is not null && known.Count == 0)
        {
            var names = string.Join(", ", Enum.GetValues<SagaState>().Select(one => one.ToText()));
            return Problem.Invalid("request.invalid", $"The state of a saga is one of {names}.").ToResult();
        }

        return Results.Json(new SagaList(await router.ListAsync(store, state is null ? null : known[0], Most, cancellation)), StrictJson.Options);
    }

    private static string MeaningOf(SagaAction action) => action switch
    {
        SagaAction.Retry => "Send the command that a saga waits for again, as a new attempt",
        SagaAction.Skip => "Take the step that a saga waits for as done, or as undone",
        _ => "End a saga: everything is taken as undone, or everything stands",
    };

    private static async Task<IResult> FindAsync(string type, string subject, SagaRouter router, IStore store, CancellationToken cancellation) =>
        await router.FindAsync(store, $"{type}/{subject}", cancellation) is { } saga ? Results.Json(saga, StrictJson.Options) : Unknown.ToResult();

    private static async Task<IResult> ActAsync(
        string id, SagaAction action, OperatorNote? note, Caller caller, SagaRouter router, IStore store, WriteSet work, CancellationToken cancellation)
    {
        var text = note?.Note?.Trim() ?? "";
        var end = note?.End ?? SagaState.Compensated.ToText();
        var check = new Validation();
        check.That(text.Length <= LongestNote && !text.Any(char.IsControl), "note", $"must have at most {LongestNote} characters, none of them a control character");
        check.That(text.Length > 0 || action == SagaAction.Retry, "note", "must say why: who answers for a step without its participant's word leaves a reason");
        check.That(Ends.Contains(end, StringComparer.Ordinal), "end", $"must be {string.Join(" or ", Ends)}");
        if (check.Problem is { } invalid)
        {
            return invalid.ToResult();
        }

        var operation = new SagaOperation(action, caller.Id, text, end == Ends[0] ? SagaState.Compensated : SagaState.Completed, note?.Version);
        return await router.OperateAsync(store, id, operation, work, cancellation) is { } problem ? problem.ToResult() : Results.NoContent();
    }

    private sealed record SagaList(IReadOnlyList<SagaView> Items) : IExample<SagaList>
    {
        public static SagaList Example { get; } = new([new SagaView(
            "checkout/0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "checkout", SagaState.Running.ToText(), "payment", "", 2, new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), [], [])]);
    }

    /// <param name="Note">Why; only a retry needs none.</param>
    /// <param name="Version">Which version of the saga was looked at: if it has moved since, nothing is done.</param>
    /// <param name="End">What a forced end is: <c>compensated</c> where nothing else is said, or <c>completed</c>.</param>
    internal sealed record OperatorNote(string? Note = null, long? Version = null, string? End = null) : IExample<OperatorNote>
    {
        public static OperatorNote Example { get; } = new("The provider has refunded it by hand.", 7, "compensated");
    }
}
