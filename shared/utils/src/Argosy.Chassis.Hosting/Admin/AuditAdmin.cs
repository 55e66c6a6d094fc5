using Argosy.Chassis.Auditing;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary><c>/admin/audit</c>: who did what, and whether anybody has touched what is written about it.</summary>
internal static class AuditAdmin
{
    private const int Most = 500;
    private const int LongestAbout = 40;
    private const int LongestNote = 500;

    public static void MapAudit(this IEndpointRouteBuilder admin)
    {
        var audit = admin.MapGroup("/audit");
        audit.MapGet("/", ListAsync)
            .WithSummary("Read who did what").Answers<AuditPage>(200, $"At most {Most} entries, the oldest first.");
        audit.MapPost("/notes", Note).Writes()
            .WithSummary("Note what was done that no other entry says").Answers(204, "It is in the trail, for good: no secret and no personal data.");
        audit.MapGet("/verdict", VerifyAsync)
            .WithSummary("Look whether anybody has changed the audit trail").Answers<AuditVerdict>(200, $"How many of {AuditTrail.Part} entries are there, how many are sealed, what does not fit, and in `next` where to look on.").Refuses(400);
    }

    // From the oldest on: whoever wants the next ones asks with the last id that they have.
    private static async Task<IResult> ListAsync(IStore store, long? after, CancellationToken cancellation)
    {
        var entries = await AuditTrail.ReadAsync(store, after ?? 0, Most, cancellation);
        return Results.Json(new AuditPage([.. entries.Select(entry => new AuditView(
            entry.Id, DateTimeOffset.FromUnixTimeMilliseconds(entry.At), entry.Actor, entry.Action, entry.Target, entry.Detail, entry.Outcome, entry.Trace))]), StrictJson.Options);
    }

    private static IResult Note(AuditNote note, Caller caller, WriteSet work)
    {
        var check = new Validation();
        check.Text(note.About, "about", LongestAbout);
        check.Text(note.Text, "text", LongestNote);
        if (check.Problem is { } invalid)
        {
            return invalid.ToResult();
        }

        work.Audit(caller.Id, "operator.note", note.About, note.Text);
        return Results.NoContent();
    }

    // A part at a time: a trail is as long as the service is old.
    private static async Task<IResult> VerifyAsync(IStore store, AuditKey key, AuditHead head, string? after, CancellationToken cancellation) =>
        (after is null ? AuditSeal.None : AuditSeal.Parse(after)) is { } seal
            ? Results.Json(await AuditTrail.VerifyAsync(store, key, head, seal, cancellation), StrictJson.Options)
            : Problem.Invalid("audit.after", "after must be what an earlier answer called next.").ToResult();
}

internal sealed record AuditPage(IReadOnlyList<AuditView> Items) : IExample<AuditPage>
{
    public static AuditPage Example { get; } = new([new AuditView(
        1, new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "session.begin", "0195946a-4c11-7c55-b1f0-3f8c2d6e9a01", "argosy", "done", "4bf92f3577b34da6a3ce929d0e0e4736")]);
}

/// <param name="About">What was done, or to what.</param>
/// <param name="Text">What came of it.</param>
internal sealed record AuditNote(string About, string Text) : IExample<AuditNote>
{
    public static AuditNote Example { get; } = new("reconcile", "no differences that have stood for 10 s, 3 orders on their way");
}

internal sealed record AuditView(long Id, DateTimeOffset At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace);
