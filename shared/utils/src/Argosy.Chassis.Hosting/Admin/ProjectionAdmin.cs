using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary><c>/admin/projections</c>: the read models of this service, and how one is made anew from its events.</summary>
internal static class ProjectionAdmin
{
    // The audit trail is read from its end, and not all of it for something that was never done.
    private const int LookedBack = 10_000;

    private static readonly Problem Unknown = Problem.NotFound("projection.unknown", "This service has no such read model.");

    public static void MapProjections(this IEndpointRouteBuilder admin)
    {
        var projections = admin.MapGroup("/projections");
        projections.MapGet("/", ListAsync)
            .WithSummary("List the read models, and which of them is being made anew").Answers<ProjectionList>(200, "One for each table that is made from events alone.");
        projections.MapPost("/{name}/rebuild", RebuildAsync).Writes()
            .WithSummary("Make a read model anew from its events").Answers(204, "It is noted; the list says how far it is. It is read and written meanwhile.");
    }

    private static async Task<IResult> ListAsync(Rebuilds rebuilds, IStore store, CancellationToken cancellation)
    {
        var list = new List<ProjectionView>();
        foreach (var model in rebuilds.Models)
        {
            list.Add(await ShowAsync(model, store, cancellation));
        }

        return Results.Json(new ProjectionList(list), StrictJson.Options);
    }

    private static async Task<IResult> RebuildAsync(string name, Caller caller, Rebuilds rebuilds, IStore store, WriteSet work, CancellationToken cancellation)
    {
        if (rebuilds.Models.FirstOrDefault(model => model.Table == name) is not { } wanted)
        {
            return Unknown.ToResult();
        }

        if (await RebuildCursor.FindAsync(store, wanted, cancellation) is not null)
        {
            return Problem.Conflict("projection.rebuilding", $"{name} is being made anew already.").ToResult();
        }

        rebuilds.Ask(wanted, work);
        work.Audit(caller.Id, Rebuilds.Asked, name);
        return Results.NoContent();
    }

    private static async Task<ProjectionView> ShowAsync(ReadModel model, IStore store, CancellationToken cancellation)
    {
        var progress = await Rebuilds.ProgressAsync(store, model, cancellation);
        var rows = await store.FirstOrDefaultAsync<long>($"select count(*) from {model.Table}", null, cancellation);
        var last = await store.FirstOrDefaultAsync<LastRow>(
            """
            select at as At, outcome as Outcome, detail as Detail from sys_audit
            where id > (select coalesce(max(id), 0) from sys_audit) - @back and action = @action and target = @target order by id desc limit 1
            """,
            new { back = (long)LookedBack, action = Rebuilds.Ended, target = model.Table }, cancellation);
        return new ProjectionView(
            model.Table, model.StreamType, rows, progress is (var position, var head) ? new RebuildView(position, head) : null,
            last is null ? null : new RebuiltView(DateTimeOffset.FromUnixTimeMilliseconds(last.At), last.Outcome, last.Detail));
    }

    private sealed record LastRow(long At, string Outcome, string Detail);

    private sealed record ProjectionList(IReadOnlyList<ProjectionView> Items) : IExample<ProjectionList>
    {
        public static ProjectionList Example { get; } = new([new ProjectionView(
            "order_view", "order", 1200, new RebuildView(2600, 3100), new RebuiltView(new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), "done", "1200 rows, of which 0 were missing or wrong; 0 too many"))]);
    }

    /// <param name="Name">Its table.</param>
    /// <param name="Events">The kind of stream that it shows.</param>
    /// <param name="Rows">How many rows it has.</param>
    /// <param name="Rebuild">How far it is, where it is being made anew.</param>
    /// <param name="Last">When it last was, and what was found.</param>
    private sealed record ProjectionView(string Name, string Events, long Rows, RebuildView? Rebuild, RebuiltView? Last);

    private sealed record RebuildView(long Position, long Head);

    private sealed record RebuiltView(DateTimeOffset At, string Outcome, string Detail);
}
