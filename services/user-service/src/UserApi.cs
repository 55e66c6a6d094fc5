using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Argosy.Contracts.User.V1;

namespace Argosy.Users;

/// <summary>A customer's own profile, and an administrator's look at it.</summary>
internal static class UserApi
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/api/v1/users");
        users.MapGet("/me", ReadMineAsync).HasETag()
            .WithSummary("Read one's own profile").Answers<ProfileView>(200, "The profile.").Refuses(404);
        users.MapPatch("/me", ChangeMineAsync).RefuseKeys().Writes().HasETag()
            .WithSummary("Change one's own profile").Answers<ProfileView>(200, "The profile as it is now.").Refuses(404, 428);
        users.MapDelete("/me", EraseMineAsync).RequireRecentLogin().Writes()
            .WithSummary("Have oneself forgotten").Answers(204, "Forgotten, here and wherever else something of the profile was kept.").Refuses(404);
        users.MapGet("/{id}", ReadAsync).HasETag()
            .WithSummary("Read a profile: one's own, or any as an administrator").Answers<ProfileView>(200, "The profile.");
    }

    private static async Task<IResult> ReadMineAsync(Caller caller, Freshness freshness, Profiles profiles, CancellationToken ct) =>
        Answer(await profiles.MineAsync(caller.Id, freshness, ct));

    // Others' profiles do not exist, for whoever may not see them.
    private static async Task<IResult> ReadAsync(string id, Caller caller, Freshness freshness, Profiles profiles, CancellationToken ct) =>
        Answer(await profiles.FindAsync(caller.MaySee(id) ? id : "", freshness, ct));

    private static async Task<IResult> ChangeMineAsync(
        ProfileChange change, IfMatch ifMatch, Caller caller, Profiles profiles, WriteSet work, CancellationToken ct)
    {
        var (before, problem) = await profiles.MineAsync(caller.Id, Freshness.Now, ct);
        if (before is null || (problem = ifMatch.Check(before.Version)) is not null)
        {
            return problem!.ToResult();
        }

        (var after, problem) = before.After(change, work.Now);
        if (problem is null && after.Version != before.Version)
        {
            profiles.Update(work, after);
        }

        return Answer((after, problem));
    }

    // A condition is honoured where one is sent; forgetting somebody does not need one.
    private static async Task<IResult> EraseMineAsync(Caller caller, IfMatch ifMatch, Profiles profiles, WriteSet work, CancellationToken ct)
    {
        var (profile, problem) = await profiles.MineAsync(caller.Id, Freshness.Now, ct);
        if (profile is null || (ifMatch.Versions is not null && (problem = ifMatch.Check(profile.Version)) is not null))
        {
            return problem!.ToResult();
        }

        Erase(profiles, profile, work);
        return Results.NoContent();
    }

    /// <summary>Forgets a profile and says so, in one commit.</summary>
    internal static void Erase(Profiles profiles, Profile profile, WriteSet work)
    {
        profiles.Erase(work, profile);
        work.Publish(new UserErased { UserId = profile.Id });
    }

    private static IResult Answer((Profile? Profile, Problem? Problem) found) => found switch
    {
        (_, { } problem) => problem.ToResult(),
        ({ } profile, _) => Results.Ok(ProfileView.Of(profile)).WithETag(profile.Version),
        _ => throw new InvalidOperationException("Neither a profile nor a problem."),
    };
}
