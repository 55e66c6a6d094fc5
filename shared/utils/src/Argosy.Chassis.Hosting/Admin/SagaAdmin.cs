using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// <c>/admin/sagas</c>: where every saga is, and what an operator can do about an undo that fails. A saga's id is two segments of
/// the path, <c>/admin/sagas/checkout/&lt;order id&gt;/retry</c>. Each action is one commit with its audit record.
/// </summary>
internal static class SagaAdmin
{
    private const int Most = 500;
    private const int LongestNote = 500;

    private static readonly Problem Unknown = Problem.NotFound("saga.unknown", "There is no such saga.");

    public static void MapSagas(this IEndpointRouteBuilder admin)
    {
        var sagas = admin.MapGroup("/sagas");
        sagas.MapGet("/", ListAsync);
        sagas.MapGet("/{type}/{subject}", FindAsync);
        foreach (var action in Enum.GetValues<SagaAction>())
        {
            sagas.MapPost($"/{{type}}/{{subject}}/{action.ToString().ToLowerInvariant()}", OperateAsync).Writes();

            Task<IResult> OperateAsync(
                string type, string subject, OperatorNote? note, Caller caller, SagaRouter router, IStore store, WriteSet work, CancellationToken cancellation) =>
                ActAsync($"{type}/{subject}", action, note, caller, router, store, work, cancellation);
        }
    }

    // Without a state: those that have not ended, the oldest move first, which is where trouble is.
    private static async Task<IResult> ListAsync(string? state, SagaRouter router, IStore store, CancellationToken cancellation)
    {
        var known = Enum.GetValues<SagaState>().Where(one => one.ToText() == state).ToList();
        if (state is not null && known.Count == 0)
        {
            var names = string.Join(", ", Enum.GetValues<SagaState>().Select(one => one.ToText()));
            return Problem.Invalid("request.invalid", $"The state of a saga is one of {names}.").ToResult();
        }

        return Results.Json(new Listed(await router.ListAsync(store, state is null ? null : known[0], Most, cancellation)), StrictJson.Options);
    }

    private static async Task<IResult> FindAsync(string type, string subject, SagaRouter router, IStore store, CancellationToken cancellation) =>
        await router.FindAsync(store, $"{type}/{subject}", cancellation) is { } saga ? Results.Json(saga, StrictJson.Options) : Unknown.ToResult();

    private static async Task<IResult> ActAsync(
        string id, SagaAction action, OperatorNote? note, Caller caller, SagaRouter router, IStore store, WriteSet work, CancellationToken cancellation)
    {
        var text = note?.Note ?? "";
        var check = new Validation();
        if (!check.That(text.Length <= LongestNote && !text.Any(char.IsControl), "note", $"must have at most {LongestNote} characters, none of them a control character"))
        {
            return check.Problem!.ToResult();
        }

        return await router.OperateAsync(store, id, action, caller.Id, text, work, cancellation) is { } problem ? problem.ToResult() : Results.NoContent();
    }

    private sealed record Listed(IReadOnlyList<SagaView> Items);

    internal sealed record OperatorNote(string? Note = null);
}
