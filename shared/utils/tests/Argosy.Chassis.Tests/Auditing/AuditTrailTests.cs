using Argosy.Chassis.Auditing;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Auditing;

/// <summary>The audit trail on a real store, and somebody who may do everything to its tables, but has not its key.</summary>
public abstract class AuditTrailTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-audit-").FullName;
    private readonly AuditKey _key = new(new byte[32]);
    private FreshStore _fresh = null!;
    private AuditHead _head = null!;
    private AuditSealer _sealer = null!;

    private IStore Store => _fresh.Store;

    /// <summary>What keeps honest code from changing the trail, and whoever owns the database can drop.</summary>
    protected abstract IReadOnlyList<string> Unlock { get; }

    public async ValueTask InitializeAsync()
    {
        _fresh = await TEngine.OpenAsync(TimeProvider.System);
        _head = new AuditHead(Path.Combine(_folder, "head"));
        _sealer = new AuditSealer("tests", Store, _key, _head, TimeProvider.System, NullLogger<AuditSealer>.Instance);
        for (var i = 1; i <= 8; i++)
        {
            await ChangeAsync(work => work.Audit("ada", "thing.change", $"thing-{i}", "as she wanted"));
        }

        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(8);
    }

    public async ValueTask DisposeAsync()
    {
        _sealer.Dispose();
        await _fresh.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_trail_that_nobody_has_touched_fits_and_goes_on()
    {
        await ChangeAsync(work => work.Audit("ada", "thing.change", "one more"));
        (await VerifyAsync()).ShouldBe(new AuditVerdict(9, 8, null));

        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(1);
        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(0);

        (await VerifyAsync()).ShouldBe(new AuditVerdict(9, 9, null));
        (await AuditTrail.ReadAsync(Store, 8, 10, CancellationToken.None)).ShouldHaveSingleItem().Target.ShouldBe("one more");
    }

    [Fact]
    public async Task Nothing_changes_it_that_does_not_mean_to()
    {
        foreach (var sql in new[] { "update sys_audit set actor = 'eve'", "delete from sys_audit", "update sys_audit_seal set hash = ''", "delete from sys_audit_seal where id = 8" })
        {
            var work = Work();
            work.Execute(sql);
            var outcome = await Store.CommitAsync(work);
            outcome.Result.ShouldBe(CommitResult.Failed, sql);
            outcome.Error!.Message.ShouldContain("append-only");
        }

        (await VerifyAsync()).Fault.ShouldBeNull();
    }

    [Theory]
    [InlineData("update sys_audit set actor = 'eve' where id = 3", "Entry 3 does not fit")]
    [InlineData("update sys_audit set at = at + 1 where id = 8", "Entry 8 does not fit")]
    [InlineData("update sys_audit set outcome = 'refused' where id = 1", "Entry 1 does not fit")]
    [InlineData("update sys_audit set target = 'thing-3as', detail = ' she wanted' where id = 3", "Entry 3 does not fit")]
    [InlineData("delete from sys_audit where id = 4", "Entry 5 does not fit")]
    [InlineData("delete from sys_audit where id = 4; delete from sys_audit_seal where id = 4", "Entry 5 does not fit")]
    [InlineData("delete from sys_audit where id = 8", "a seal for entry 8 and no such entry")]
    [InlineData("delete from sys_audit where id > 6; delete from sys_audit_seal where id > 6", "sealed up to entry 8 once")]
    [InlineData("delete from sys_audit; delete from sys_audit_seal", "sealed up to entry 8 once")]
    [InlineData("update sys_audit set id = 100 where id = 2; update sys_audit set id = 2 where id = 3; update sys_audit set id = 3 where id = 100", "Entry 2 does not fit")]
    [InlineData("delete from sys_audit_seal where id = 5", "Entry 5 was put in later")]
    public async Task Whoever_owns_the_database_and_not_the_key_is_found_out(string sql, string fault)
    {
        foreach (var statement in Unlock.Concat(sql.Split("; ")))
        {
            await ChangeAsync(work => work.Execute(statement));
        }

        (await VerifyAsync()).Fault.ShouldNotBeNull().ShouldContain(fault);
    }

    [Theory]
    [InlineData("update sys_audit set actor = 'eve' where id = 3; delete from sys_audit_seal")]
    [InlineData("update sys_audit set actor = 'eve' where id = 8; delete from sys_audit_seal where id = 8")]
    [InlineData("delete from sys_audit where id > 4; delete from sys_audit_seal where id > 4")]
    [InlineData("delete from sys_audit; delete from sys_audit_seal")]
    public async Task What_was_changed_is_not_sealed_anew_by_the_one_who_has_the_key(string sql)
    {
        foreach (var statement in Unlock.Concat(sql.Split("; ")))
        {
            await ChangeAsync(work => work.Execute(statement));
        }

        await ChangeAsync(work => work.Audit("ada", "thing.change", "one more"));
        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(0);

        (await VerifyAsync()).Fault.ShouldNotBeNull();

        // Somebody has looked into it, and takes what there is for what there was.
        File.Delete(_head.Path);
        (await _sealer.SealAsync(CancellationToken.None)).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_head_that_is_behind_after_a_crash_is_gone_on_from()
    {
        var before = File.ReadAllText(_head.Path);
        await ChangeAsync(work => work.Audit("ada", "thing.change", "one more"));
        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(1);
        File.WriteAllText(_head.Path, before);
        await ChangeAsync(work => work.Audit("ada", "thing.change", "and one"));

        (await _sealer.SealAsync(CancellationToken.None)).ShouldBe(1);

        (await VerifyAsync()).ShouldBe(new AuditVerdict(10, 10, null));
    }

    [Fact]
    public async Task A_trail_made_anew_without_the_key_does_not_fit()
    {
        foreach (var statement in Unlock.Append("update sys_audit set actor = 'eve' where id = 3").Append("delete from sys_audit_seal"))
        {
            await ChangeAsync(work => work.Execute(statement));
        }

        using var forger = new AuditSealer("tests", Store, new AuditKey([.. Enumerable.Repeat((byte)7, 32)]), new AuditHead(Path.Combine(_folder, "elsewhere")), TimeProvider.System, NullLogger<AuditSealer>.Instance);
        (await forger.SealAsync(CancellationToken.None)).ShouldBe(8);

        (await VerifyAsync()).Fault.ShouldNotBeNull().ShouldContain("Entry 1 does not fit");
    }

    [Fact]
    public async Task A_long_trail_is_looked_at_in_parts_and_a_fault_in_any_of_them_is_found()
    {
        for (var i = 0; i < 11; i++)
        {
            await ChangeAsync(work =>
            {
                for (var j = 0; j < 1000; j++)
                {
                    work.Audit("ada", "thing.change", $"thing-{j}");
                }
            });
        }

        while (await _sealer.SealAsync(CancellationToken.None) > 0)
        {
        }

        var first = await VerifyAsync();
        (first.Entries, first.Fault).ShouldBe((AuditTrail.Part, null));
        var next = AuditSeal.Parse(first.Next.ShouldNotBeNull()).ShouldNotBeNull();
        (await VerifyAsync(next)).ShouldBe(new AuditVerdict(1008, 1008, null));

        (await VerifyAsync(next with { Hash = new string('0', 64) })).Fault.ShouldNotBeNull().ShouldContain($"Entry {next.Id + 1} does not fit");
        foreach (var statement in Unlock.Append("update sys_audit set actor = 'eve' where id = 10500"))
        {
            await ChangeAsync(work => work.Execute(statement));
        }

        (await VerifyAsync()).Fault.ShouldBeNull();
        (await VerifyAsync(next)).Fault.ShouldNotBeNull().ShouldContain("Entry 10500 does not fit");
    }

    private Task<AuditVerdict> VerifyAsync(AuditSeal? after = null) => AuditTrail.VerifyAsync(Store, _key, _head, after ?? AuditSeal.None, CancellationToken.None);

    private async Task ChangeAsync(Action<WriteSet> fill)
    {
        var work = Work();
        fill(work);
        (await Store.CommitAsync(work)).Ensure();
    }

    private static WriteSet Work() => new(new MessageContext(Guid.NewGuid().ToString(), "tests", new MessageHeaders()), TimeProvider.System.GetUtcNow());
}

public sealed class AuditTrailOnSqlite : AuditTrailTests<OnSqlite>
{
    protected override IReadOnlyList<string> Unlock =>
        ["drop trigger sys_audit_update", "drop trigger sys_audit_delete", "drop trigger sys_audit_seal_update", "drop trigger sys_audit_seal_delete"];
}

[Trait("on", "servers")]
public sealed class AuditTrailOnPostgres : AuditTrailTests<OnPostgres>
{
    protected override IReadOnlyList<string> Unlock =>
        ["drop trigger sys_audit_kept on sys_audit", "drop trigger sys_audit_seal_kept on sys_audit_seal", "alter table sys_audit alter column id set generated by default"];
}
