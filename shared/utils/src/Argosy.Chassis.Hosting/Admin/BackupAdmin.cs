using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary><c>/admin/backups</c>: this service's part in a backup of the fleet; <see cref="Backups"/> has the protocol.</summary>
internal static class BackupAdmin
{
    private static readonly Problem Unknown = Problem.NotFound("backup.unknown", "There is no such backup, or a later one has ended it.");

    private static readonly Problem Elsewhere = Problem.Conflict(
        "backup.elsewhere", "This service's database lies on a server: back it up there, with pg_dump or with the server's own archive.");

    public static void MapBackups(this IEndpointRouteBuilder admin)
    {
        var backups = admin.MapGroup("/backups");
        backups.MapPost("/", BeginAsync)
            .WithSummary("Stop committing, and take a snapshot").Answers<BackupView>(200, $"Nothing is committed until it is released, or for {Backups.Lease.TotalSeconds:0} seconds.").Refuses(409);
        backups.MapPost("/{id}/release", ReleaseAsync)
            .WithSummary("Go on committing, and copy the snapshot").Answers<BackupView>(200, "`copying`, or `expired` where commits had gone on by themselves.");
        backups.MapGet("/{id}", Find)
            .WithSummary("Say how far a backup is").Answers<BackupView>(200, "The backup.");
    }

    // Audited before anything stands still: the entry has to be committed, too.
    private static async Task<IResult> BeginAsync(Caller caller, Backups backups, IStore store, WriteSet work, CancellationToken cancellation)
    {
        work.Audit(caller.Id, "backup.begin", "database");
        (await store.CommitAsync(work, cancellation)).Ensure();
        return await backups.BeginAsync(cancellation) is { } begun ? Results.Json(begun, StrictJson.Options) : Elsewhere.ToResult();
    }

    private static async Task<IResult> ReleaseAsync(string id, Backups backups, CancellationToken cancellation) =>
        await backups.ReleaseAsync(id, cancellation) is { } released ? Results.Json(released, StrictJson.Options) : Unknown.ToResult();

    private static IResult Find(string id, Backups backups) =>
        backups.Find(id) is { } found ? Results.Json(found, StrictJson.Options) : Unknown.ToResult();
}
