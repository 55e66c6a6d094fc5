using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Sessions over weeks: the real store, and a clock that the test moves.</summary>
public sealed class SessionLifeTests : IAsyncLifetime
{
    private static readonly Account Ada = new("ada", "ada@example.org", "hash", Account.Customer);

    private readonly FakeTime _time = new();
    private MessageBench _bench = null!;
    private Sessions _sessions = null!;

    private IStore Store => _bench.Store;

    public async ValueTask InitializeAsync()
    {
        _bench = await MessageBench.OpenAsync("auth-service", typeof(Sessions).Assembly, _ => { }, typeof(AuthMessages));
        _sessions = new Sessions(Store, _time);
        await _bench.CommitAsync(work => work.Execute(Account.Insert, new { Ada.Id, Ada.Email, Ada.Password, Ada.Role, now = 0L }, rows: 1));
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task An_unused_session_ends_after_a_week()
    {
        var session = await BeginAsync();

        _time.Advance(Sessions.Idle - TimeSpan.FromSeconds(1));
        var next = await RefreshAsync(session.RefreshToken);
        _time.Advance(Sessions.Idle);

        next.ShouldNotBeNull();
        (await RefreshAsync(next.RefreshToken)).ShouldBeNull();
    }

    [Fact]
    public async Task A_session_that_is_used_every_day_ends_after_a_month()
    {
        var session = await BeginAsync();
        for (var day = 1; day < Sessions.Lifetime.Days; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            session = (await RefreshAsync(session.RefreshToken)).ShouldNotBeNull();
        }

        _time.Advance(TimeSpan.FromDays(1));
        (await RefreshAsync(session.RefreshToken)).ShouldBeNull();
    }

    [Fact]
    public async Task Reuse_is_noticed_however_late_and_announced_once()
    {
        var session = await BeginAsync();
        var token = session.RefreshToken;
        for (var i = 0; i < 5; i++)
        {
            session = (await RefreshAsync(session.RefreshToken)).ShouldNotBeNull();
        }

        (await RefreshAsync(token)).ShouldBeNull();
        (await RefreshAsync(token)).ShouldBeNull();
        await _sessions.RevokeAsync(session.RefreshToken, Client.FirstParty, Cause(), CancellationToken.None);

        (await _bench.PublishedAsync<SessionRevoked>()).ShouldHaveSingleItem().ShouldBe(new SessionRevoked { SessionId = session.Id, UserId = Ada.Id });
    }

    [Fact]
    public async Task Reuse_is_noticed_after_the_used_token_would_have_run_out_by_itself()
    {
        var session = await BeginAsync();
        var stolen = session.RefreshToken;
        for (var day = 0; day < 8; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            session = (await RefreshAsync(session.RefreshToken)).ShouldNotBeNull();
        }

        (await RefreshAsync(stolen)).ShouldBeNull();

        (await RefreshAsync(session.RefreshToken)).ShouldBeNull();
        (await _bench.PublishedAsync<SessionRevoked>()).ShouldHaveSingleItem().SessionId.ShouldBe(session.Id);
    }

    [Fact]
    public async Task An_account_is_logged_in_in_a_hundred_places_and_the_next_login_ends_the_oldest()
    {
        var first = await BeginAsync();
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await BeginAsync();
        }

        (await Store.FirstOrDefaultAsync<long>("select count(*) from sessions where revoked is null")).ShouldBe(100);
        (await RefreshAsync(first.RefreshToken)).ShouldBeNull();
        (await _bench.PublishedAsync<SessionRevoked>()).ShouldHaveSingleItem().SessionId.ShouldBe(first.Id);
    }

    [Fact]
    public async Task Revocation_wins_over_a_refresh_that_races_with_it()
    {
        for (var i = 0; i < 20; i++)
        {
            var session = await BeginAsync();
            var refresh = RefreshAsync(session.RefreshToken);
            await _sessions.RevokeAsync(session.RefreshToken, Client.FirstParty, Cause(), CancellationToken.None);

            if (await refresh is { } next)
            {
                (await RefreshAsync(next.RefreshToken)).ShouldBeNull();
            }
        }

        (await _bench.PublishedAsync<SessionRevoked>()).Count.ShouldBe(20);
    }

    [Fact]
    public async Task Closing_an_account_announces_the_end_of_each_session_that_was_not_over()
    {
        var over = await BeginAsync();
        await _sessions.RevokeAsync(over.RefreshToken, Client.FirstParty, Cause(), CancellationToken.None);
        var open = await BeginAsync();

        await _bench.DeliverAsync(new UserErased { UserId = Ada.Id });
        await _bench.DeliverAsync(new UserErased { UserId = "nobody" });

        (await _bench.ParkedAsync()).ShouldBeEmpty();
        (await _bench.PublishedAsync<SessionRevoked>()).Select(m => m.SessionId).ShouldBe([over.Id, open.Id]);
        (await Store.FirstOrDefaultAsync<long>("select count(*) from accounts")).ShouldBe(0);
        (await Store.FirstOrDefaultAsync<long>("select count(*) from refresh_tokens")).ShouldBe(0);
        (await Should.ThrowAsync<CommitException>(BeginAsync)).Result.ShouldBe(CommitResult.Conflict);   // a login that came too late
    }

    [Fact]
    public async Task Tokens_are_kept_as_hashes_only()
    {
        var session = await BeginAsync();

        (await Store.QueryAsync<string>("select hash from refresh_tokens")).ShouldAllBe(hash => hash.Length == 64 && hash != session.RefreshToken);
    }

    [Fact]
    public async Task Dead_sessions_leave_with_the_next_logins()
    {
        for (var i = 0; i < 5; i++)
        {
            await BeginAsync();
        }

        _time.Advance(Sessions.Lifetime + TimeSpan.FromDays(1));
        for (var i = 0; i < 3; i++)
        {
            await BeginAsync();
        }

        (await Store.FirstOrDefaultAsync<long>("select count(*) from sessions")).ShouldBe(3);
        (await Store.FirstOrDefaultAsync<long>("select count(*) from refresh_tokens")).ShouldBe(3);
    }

    private async Task<Session> BeginAsync()
    {
        var work = new WriteSet(Cause(), _time.GetUtcNow());
        var session = await _sessions.BeginAsync(Ada.Id, Ada.Role, Client.FirstParty, Scope.Api, work.Now, work, CancellationToken.None);
        (await Store.CommitAsync(work)).Ensure();
        return session;
    }

    private Task<Session?> RefreshAsync(string token) => _sessions.RefreshAsync(token, Client.FirstParty, Cause(), CancellationToken.None);

    private static MessageContext Cause() => new(Guid.NewGuid().ToString(), "auth-service", new MessageHeaders());
}
