using System.Globalization;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// What one process can show: two relays of one store. Three instances, one of them stopped past its lease and continued, are
/// <see cref="Invariant08_OnThreeInstances"/>.
/// </summary>
public abstract class Invariant08_OneRelayIsEffective<TEngine>
    where TEngine : IEngine
{
    [Fact]
    public async Task A_relay_that_was_replaced_while_its_batch_was_under_way_moves_no_cursor_and_stops()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var subscriber = Outgoing.To("order-service");
        await PushRelay.RegisterAsync("inventory-service", [subscriber], desk.Store, desk.Time, CancellationToken.None);
        var said = await Outgoing.PublishAsync(desk, 20, "replaced");
        var (underWay, goesOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var older = new Outgoing(async _ =>
        {
            underWay.SetResult();
            await goesOn.Task;
        });
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var replaced = Outgoing.Relay(desk.Store, subscriber, older).RunAsync(stop.Token);
        await underWay.Task.WaitAsync(stop.Token);

        var newer = new Outgoing();
        var effective = Outgoing.Relay(desk.Store, subscriber, newer).RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => newer.Heard.Count == said.Count, "the newer relay has brought everything");
        goesOn.SetResult();

        await Should.ThrowAsync<RelayReplacedException>(() => replaced.WaitAsync(TimeSpan.FromSeconds(20)));
        newer.Heard.ShouldBe(said);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => effective);
    }

    [Fact]
    public async Task A_receiver_refuses_a_stale_epoch_also_after_it_was_started_again()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var before = new Admission("inventory-service", desk.Store, desk.Time);
        (await before.AdmitAsync("order-service", new BatchPositions(Epoch: 7, Previous: 0, Position: 3), default)).ShouldBeNull();

        var after = new Admission("inventory-service", desk.Store, desk.Time);
        foreach (var admission in new[] { before, after })
        {
            (await admission.AdmitAsync("order-service", new BatchPositions(Epoch: 6, Previous: 3, Position: 9), default)).ShouldNotBeNull().Code.ShouldBe("bus.epoch");
            (await admission.AdmitAsync("order-service", new BatchPositions(Epoch: 7, Previous: 0, Position: 3), default)).ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_batch_that_leaves_something_out_is_refused()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var admission = new Admission("inventory-service", desk.Store, desk.Time);
        var first = new BatchPositions(Epoch: 1, Previous: 0, Position: 5);
        (await admission.AdmitAsync("order-service", first, default)).ShouldBeNull();
        admission.Advance("order-service", first);

        (await admission.AdmitAsync("order-service", new BatchPositions(1, Previous: 6, Position: 9), default)).ShouldNotBeNull().Code.ShouldBe("bus.gap");
        (await admission.AdmitAsync("order-service", new BatchPositions(1, Previous: 5, Position: 9), default)).ShouldBeNull();
    }
}

public sealed class Invariant08_OneRelayIsEffectiveOnSqlite : Invariant08_OneRelayIsEffective<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant08_OneRelayIsEffectiveOnPostgres : Invariant08_OneRelayIsEffective<OnPostgres>;

/// <summary>Where one process owns the store nobody else can be effective.</summary>
public sealed class Invariant08_OneProcessOwnsAFile
{
    [Fact]
    public async Task A_second_process_cannot_open_a_file_that_is_owned()
    {
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", new Dictionary<string, string>(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1" });
        var environment = new Dictionary<string, string>(bench.Issuer.Environment, StringComparer.Ordinal)
        {
            ["PROBE_LEDGER"] = "1",
            ["SERVICE_NAME"] = "inventory-service",
            ["SERVICE_PORT"] = ServiceProcess.FreePort().ToString(CultureInfo.InvariantCulture),
            ["SERVICE_ENDPOINTS"] = bench.Bus.Endpoints,
            ["BUS_KEYS"] = bench.Bus.KeyFolder,
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = bench.DataFolder,
            ["DATABASE_URL"] = $"sqlite:{Path.Combine(bench.DataFolder, "inventory-service.db")}",
        };

        await using var second = ServiceProcess.Start(ServiceBench.DllOf("Probe"), environment);

        (await Should.ThrowAsync<InvalidOperationException>(() => second.ReadyAsync())).Message.ShouldContain("belongs to another process");
    }
}
