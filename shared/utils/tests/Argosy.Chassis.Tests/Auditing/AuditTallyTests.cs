using Argosy.Chassis.Auditing;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Auditing;

/// <summary>What is refused often is written down seldom.</summary>
public sealed class AuditTallyTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private AuditTally _tally = null!;
    private AuditTallyWriter _writer = null!;
    private FreshStore _fresh = null!;

    public async ValueTask InitializeAsync()
    {
        _fresh = await OnSqlite.OpenAsync(_time);
        _tally = new AuditTally(_time);
        _writer = new AuditTallyWriter("tests", _tally, _fresh.Store, _time, NullLogger<AuditTallyWriter>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _writer.Dispose();
        await _fresh.DisposeAsync();
    }

    [Fact]
    public async Task The_first_is_written_at_once_and_what_follows_in_a_minute_is_one_line_with_its_number()
    {
        _tally.Count("eve", "access.refuse", "GET /admin/sagas", "identity.forbidden");
        (await WrittenAsync()).ShouldBe(["eve access.refuse GET /admin/sagas identity.forbidden refused"]);

        for (var i = 0; i < 1000; i++)
        {
            _tally.Count("eve", "access.refuse", $"GET /{i}", "identity.forbidden");
        }

        (await WrittenAsync()).Count.ShouldBe(1, "the minute is not over");
        _time.Advance(AuditTally.Window);
        (await WrittenAsync())[1].ShouldBe("eve access.refuse GET /admin/sagas identity.forbidden, 1000 times refused");

        _time.Advance(AuditTally.Window);
        (await WrittenAsync()).Count.ShouldBe(2, "there was nothing more");
        _tally.Count("eve", "access.refuse", "GET /later", "identity.forbidden");
        (await WrittenAsync())[2].ShouldBe("eve access.refuse GET /later identity.forbidden refused");
    }

    [Fact]
    public async Task However_many_are_refused_a_minute_has_few_lines_and_none_is_left_out_of_the_numbers()
    {
        for (var i = 0; i < 5000; i++)
        {
            _tally.Count($"eve-{i}", "token.refuse", "GET /", "Signature");
        }

        _time.Advance(AuditTally.Window);
        var written = await WrittenAsync();

        written.Count.ShouldBe(AuditTally.Places + 1);
        written.ShouldContain($"others token.refuse  Signature, {5000 - AuditTally.Places} times refused");
    }

    [Fact]
    public async Task What_was_counted_is_written_when_the_process_stops()
    {
        await _writer.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => _time.Waiting > 0, "it waits");
        _tally.Count("eve", "login.fail", "eve", "auth.credentials");
        _tally.Count("eve", "login.fail", "eve", "auth.credentials");

        await _writer.StopAsync(CancellationToken.None);

        (await ReadAsync()).ShouldBe(["eve login.fail eve auth.credentials, 2 times refused"]);
    }

    [Fact]
    public async Task What_could_not_be_written_stays_counted()
    {
        _tally.Count("eve", "login.fail", "eve", "auth.credentials");
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => _writer.WriteAsync(all: false, over.Token));
        _tally.Count("eve", "login.fail", "eve", "auth.credentials");

        (await WrittenAsync()).ShouldBe(["eve login.fail eve auth.credentials, 2 times refused"]);
    }

    private async Task<IReadOnlyList<string>> WrittenAsync()
    {
        await _writer.WriteAsync(all: false, CancellationToken.None);
        return await ReadAsync();
    }

    private Task<IReadOnlyList<string>> ReadAsync() =>
        _fresh.Store.QueryAsync<string>("select actor || ' ' || action || ' ' || target || ' ' || detail || ' ' || outcome from sys_audit order by id");
}
