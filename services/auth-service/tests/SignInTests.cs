using Argosy.Chassis.Auditing;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Testing;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Auth.Tests;

/// <summary>How guessing is slowed down, and what it does to the people whose passwords are guessed.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private const string Email = "ada@example.org";
    private const string Password = "a long walk on the shore";

    private readonly FakeTime _time = new();
    private MessageBench _bench = null!;
    private SignIn _signIn = null!;
    private Passwords _passwords = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await MessageBench.OpenAsync("auth-service", typeof(SignIn).Assembly, _ => { });
        _passwords = new Passwords(_time);
        _signIn = new SignIn(_bench.Store, _passwords, new AuditTally(_time), _time);
    }

    public ValueTask DisposeAsync()
    {
        _passwords.Dispose();
        return _bench.DisposeAsync();
    }

    [Fact]
    public async Task After_five_guesses_everybody_waits_and_the_right_password_forgets_them()
    {
        await AddAsync(iterations: 1_000);
        for (var i = 0; i < 6; i++)
        {
            (await TryAsync("wrong")).Problem!.Code.ShouldBe("auth.credentials");
        }

        var refused = (await TryAsync(Password)).Problem.ShouldNotBeNull();
        refused.Status.ShouldBe(429);
        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
        refused.Detail.ShouldEndWith("wait 1 s before the next one.");

        _time.Advance(TimeSpan.FromSeconds(1));
        var success = await TryAsync(Password);
        success.Account!.Id.ShouldBe("ada");
        await _bench.CommitAsync(work => SignIn.Complete(success, work));
        (await _bench.Store.FirstOrDefaultAsync<long>("select count(*) from attempts")).ShouldBe(0);
    }

    [Fact]
    public async Task An_address_without_an_account_waits_like_any_other()
    {
        for (var i = 0; i < 6; i++)
        {
            (await TryAsync("wrong", "nobody@example.org")).Problem!.Code.ShouldBe("auth.credentials");
        }

        (await TryAsync("wrong", "nobody@example.org")).Problem!.Status.ShouldBe(429);
        (await TryAsync("wrong", "somebody@example.org")).Problem!.Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_hundred_guesses_at_once_count_like_a_hundred_in_a_row()
    {
        await AddAsync(iterations: 1_000);

        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => TryAsync("wrong")));

        // The clock stands still, so nobody gets in behind the first wait.
        results.Count(r => r.Problem!.Code == "auth.credentials").ShouldBeInRange(1, 6);
        results.ShouldAllBe(r => r.Problem!.Status == 401 || r.Problem.Status == 429 || r.Problem.Status == 503);
    }

    [Fact]
    public async Task An_hour_without_a_guess_forgets_all_and_removes_the_row()
    {
        for (var i = 0; i < 6; i++)
        {
            await TryAsync("wrong", $"guess-{i}@example.org");
        }

        _time.Advance(Guesses.Memory + TimeSpan.FromSeconds(1));
        await TryAsync("wrong", "guess-0@example.org");

        (await _bench.Store.QueryAsync<long>("select failures from attempts")).ShouldBe([1]);
    }

    [Fact]
    public async Task A_hash_of_older_days_is_replaced_when_its_owner_logs_in()
    {
        await AddAsync(iterations: 1_000);
        var success = await TryAsync(Password);
        success.NewHash.ShouldNotBeNull();
        await _bench.CommitAsync(work => SignIn.Complete(success, work));

        var again = await TryAsync(Password);

        again.Account!.Password.ShouldBe(success.NewHash);
        again.NewHash.ShouldBeNull();
        (await TryAsync("wrong")).Account.ShouldBeNull();
    }

    [Fact]
    public async Task A_login_that_was_under_way_when_the_password_changed_is_none()
    {
        await AddAsync(iterations: 1_000);
        var success = await TryAsync(Password);

        await _bench.CommitAsync(work => work.Execute("update accounts set password = 'another'", rows: 1));

        (await Should.ThrowAsync<CommitException>(() => _bench.CommitAsync(work => SignIn.Complete(success, work)))).Result.ShouldBe(CommitResult.Conflict);
        (await _bench.Store.QueryAsync<string>("select password from accounts")).ShouldBe(["another"]);
    }

    [Fact]
    public void Waits_double_up_to_a_minute_and_never_end_in_a_lock()
    {
        Guesses.WaitAfter(5).ShouldBe(TimeSpan.Zero);
        Enumerable.Range(6, 4).Select(n => Guesses.WaitAfter(n).TotalSeconds).ShouldBe([1, 2, 4, 8]);
        Property.Holds(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), n =>
        {
            Guesses.WaitAfter(n + 1L).ShouldBeGreaterThanOrEqualTo(Guesses.WaitAfter(n));
            Guesses.WaitAfter(n).ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
        }, count: 500);
    }

    [Fact]
    public async Task The_queue_for_hashing_is_bounded_and_patience_has_an_end()
    {
        var held = new List<Passwords.Place>();
        for (var i = 0; i < Math.Max(2, Environment.ProcessorCount / 2); i++)
        {
            held.Add((await _passwords.EnterAsync(CancellationToken.None)).ShouldNotBeNull());
        }

        var waiting = Enumerable.Range(0, 64).Select(_ => _passwords.EnterAsync(CancellationToken.None)).ToList();
        (await _passwords.EnterAsync(CancellationToken.None)).ShouldBeNull();   // no room
        waiting.ShouldAllBe(w => !w.IsCompleted);

        held[0].Dispose();
        held[0] = (await waiting[0]).ShouldNotBeNull();   // the oldest goes first
        waiting.Skip(1).ShouldAllBe(w => !w.IsCompleted);

        _time.Advance(Passwords.Patience);
        (await Task.WhenAll(waiting.Skip(1))).ShouldAllBe(place => place == null);
        held.ForEach(p => p.Dispose());
        using var free = (await _passwords.EnterAsync(CancellationToken.None)).ShouldNotBeNull();
    }

    private Task AddAsync(int iterations)
    {
        var hasher = new PasswordHasher<Account>(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        return _bench.CommitAsync(work => work.Execute(
            Account.Insert, new { Id = "ada", Email, Password = hasher.HashPassword(null!, Password), Role = Account.Customer, now = 0L }, rows: 1));
    }

    private Task<SignInResult> TryAsync(string password, string email = Email) =>
        _signIn.TryAsync(email, password, new MessageContext(Guid.NewGuid().ToString(), "auth-service", new MessageHeaders()), CancellationToken.None);
}
