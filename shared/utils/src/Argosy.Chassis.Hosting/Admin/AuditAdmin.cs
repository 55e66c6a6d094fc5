using Argosy.Chassis.Auditing;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary><c>/admin/audit</c>: who did what, and whether anybody has touched what is written about it.</summary>
internal static class AuditAdmin
{
    private const int Most = 500;

    public static void MapAudit(this IEndpointRouteBuilder admin)
    {
        var audit = admin.MapGroup("/audit");
        audit.MapGet("/", ListAsync);
        audit.MapGet("/verdict", VerifyAsync);
    }

    // From the oldest on: whoever wants the next ones asks with the last id that they have.
    private static async Task<IResult> ListAsync(IStore store, long? after, CancellationToken cancellation)
    {
        var entries = await AuditTrail.ReadAsync(store, after ?? 0, Most, cancellation);
        return Results.Json(new AuditPage([.. entries.Select(entry => new AuditView(
            entry.Id, DateTimeOffset.FromUnixTimeMilliseconds(entry.At), entry.Actor, entry.Action, entry.Target, entry.Detail, entry.Outcome, entry.Trace))]), StrictJson.Options);
    }

    private static async Task<IResult> VerifyAsync(IStore store, AuditKey key, AuditHead head, CancellationToken cancellation) =>
        Results.Json(await AuditTrail.VerifyAsync(store, key, head, cancellation), StrictJson.Options);

    private sealed record AuditPage(IReadOnlyList<AuditView> Items);

    private sealed record AuditView(long Id, DateTimeOffset At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace);
}
