using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>What operators do when it went wrong, with the commands that they have, on the real fleet.</summary>
[Trait("on", "embedded")]
public sealed class OperatorTests(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_dead_letter_is_found_shown_mended_and_has_its_effect_once()
    {
        using var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        var order = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(order, "confirmed");
        await DieAsync(order);

        (await ArgosyAsync("dead-letters", "list", "--service", "shipping-service", "--type", "CancelShipment", "--error", "no such carrier")).Output.ShouldContain($"CancelShipment of {order}");
        (await ArgosyAsync("dead-letters", "list", "--error", "another error")).Errors.ShouldContain("no dead letters");
        var shown = (await ArgosyAsync("dead-letters", "show", $"dead-{order}")).Output;
        shown.ShouldContain("no such carrier");
        shown.ShouldContain("\"reason\": \"by hand\"");

        var file = Path.Combine(fleet.Data, "edited.json");
        await File.WriteAllTextAsync(file, $$"""{"orderId":"{{order}}","colour":"red"}""");
        var refused = await ArgosyAsync("dead-letters", "edit", $"dead-{order}", file);
        (refused.ExitCode, refused.Errors.Contains("colour: argosy.shipping.v1.CancelShipment has no such field", StringComparison.Ordinal)).ShouldBe((1, true), refused.ToString());
        await File.WriteAllTextAsync(file, """{"orderId":"another"}""");
        (await ArgosyAsync("dead-letters", "edit", $"dead-{order}", file)).Errors.ShouldContain("orderId: it is the key");

        await File.WriteAllTextAsync(file, $$"""{"orderId":"{{order}}","reason":"The carrier has closed."}""");
        (await ArgosyAsync("dead-letters", "edit", $"dead-{order}", file)).ExitCode.ShouldBe(0);
        await ParcelIsCancelledAsync(customer, order);
        (await ArgosyAsync("dead-letters", "list", "--service", "shipping-service")).Output.ShouldNotContain(order);
        (await ArgosyAsync("audit", "list", "--service", "shipping-service")).Output.ShouldContain("changed: reason");

        // The shipment was undone behind the saga's back, and that is what reconcile is for.
        var reconciled = await ArgosyAsync("reconcile", "--wait", "1");
        (reconciled.ExitCode, reconciled.Output.Contains($"{order}\n    it is confirmed, and no parcel of it is arranged", StringComparison.Ordinal)).ShouldBe((1, true), reconciled.ToString());
        (await ArgosyAsync("audit", "list", "--service", "order-service")).Output.ShouldMatch(@"operator\.note +done +\S+  reconcile  \d+ differences that have stood for 1 s; \d+ orders are on their way");
        using var cancel = await customer.PostAsJsonAsync($"/api/v1/orders/{order}/cancel", new { });
        cancel.EnsureSuccessStatusCode();
        await customer.BecomesAsync(order, "cancelled");
    }

    [Fact]
    public async Task Dead_letters_are_handled_again_one_by_its_id_and_a_group_by_what_they_have_in_common()
    {
        using var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        string[] orders = [await customer.PlacedAsync(Orders.Body(sku)), await customer.PlacedAsync(Orders.Body(sku)), await customer.PlacedAsync(Orders.Body(sku))];
        await ParkAsync("stray", "nobody", "argosy.shipping.v9.Teleport", "retry");
        foreach (var order in orders)
        {
            await customer.BecomesAsync(order, "confirmed");
            await DieAsync(order);
        }

        (await ArgosyAsync("dead-letters", "retry", "dead-nobody")).Errors.ShouldContain("no service has a dead letter dead-nobody");
        (await ArgosyAsync("dead-letters", "retry", $"dead-{orders[0]}")).Errors.ShouldContain($"retry: dead-{orders[0]} of shipping-service");
        await ParcelIsCancelledAsync(customer, orders[0]);
        var left = (await ArgosyAsync("dead-letters", "list", "--service", "shipping-service")).Output;
        orders.Select(order => left.Contains(order, StringComparison.Ordinal)).ShouldBe([false, true, true]);

        // One that only another version handles is in the group, ahead of the others, and keeps none of them from being handled.
        var group = await ArgosyAsync("dead-letters", "retry", "--error", "no such carrier", "--yes");
        (group.ExitCode, group.Errors.Contains("retry: 2 dead letters: 2 of shipping-service; 1 not, for the reasons above", StringComparison.Ordinal)).ShouldBe((1, true), group.ToString());
        group.Errors.ShouldContain("No handler of argosy.shipping.v9.Teleport is in the version that runs");
        (await ArgosyAsync("dead-letters", "discard", "stray")).ExitCode.ShouldBe(0);
        foreach (var order in orders)
        {
            await ParcelIsCancelledAsync(customer, order);
        }

        (await ArgosyAsync("dead-letters", "list", "--service", "shipping-service")).Errors.ShouldContain("no dead letters");
        var audited = (await ArgosyAsync("audit", "list", "--service", "shipping-service", "--json")).Output;
        orders.ShouldAllBe(order => audited.Contains($"dead-{order}", StringComparison.Ordinal));
        foreach (var order in orders)
        {
            using var cancel = await customer.PostAsJsonAsync($"/api/v1/orders/{order}/cancel", new { });
            cancel.EnsureSuccessStatusCode();
            await customer.BecomesAsync(order, "cancelled");
        }
    }

    [Fact]
    public async Task A_group_is_discarded_after_it_was_counted_and_confirmed()
    {
        foreach (var order in new[] { "g1", "g2" })
        {
            await DieAsync(order);
        }

        var unconfirmed = await ArgosyAsync("dead-letters", "discard", "--service", "shipping-service", "--error", "no such carrier");
        (unconfirmed.ExitCode, unconfirmed.Errors.Contains("discard 2 dead letters: 2 of shipping-service? Nobody is here to ask: say --yes", StringComparison.Ordinal)).ShouldBe((1, true), unconfirmed.ToString());
        (await ArgosyAsync("dead-letters", "discard")).ExitCode.ShouldBe(2);
        (await ArgosyAsync("dead-letters", "discard", "--service", "shipping-service", "--error", "no such carrier", "--yes")).ExitCode.ShouldBe(0);
        (await ArgosyAsync("dead-letters", "list", "--service", "shipping-service")).Errors.ShouldContain("no dead letters");
    }

    [Fact]
    public async Task A_saga_is_shown_with_what_it_did_and_is_not_helped_where_it_needs_no_help()
    {
        using var customer = await fleet.CustomerAsync();
        var order = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await customer.BecomesAsync(order, "confirmed");

        var shown = (await ArgosyAsync("sagas", "show", $"checkout/{order}")).Output;
        shown.ShouldContain("completed at 'arrange shipment', version 4");
        shown.ShouldContain("capture payment   do    succeeded  1    CapturePayment");
        shown.ShouldContain("reserve stock, do succeeded");
        (await ArgosyAsync("sagas", "list", "--state", "completed")).Output.ShouldContain("completed");
        (await ArgosyAsync("sagas", "retry", $"checkout/{order}")).Errors.ShouldContain("This saga is completed: nothing of it waits to be helped along.");
        (await ArgosyAsync("sagas", "skip", $"checkout/{order}")).ExitCode.ShouldBe(2);
        (await ArgosyAsync("sagas", "show", order)).Output.ShouldContain("completed at 'arrange shipment'");
        (await ArgosyAsync("sagas", "retry", "checkout/")).Errors.ShouldContain("is no saga's id");
        (await ArgosyAsync("sagas", "show", "checkout/nobody")).Errors.ShouldContain("no service has a saga checkout/nobody");
    }

    /// <summary>
    /// A participant that is away for longer than a saga's patience. What it was told it does when it is back, also where an operator has
    /// answered for it: commands stay sent.
    /// </summary>
    [Theory]
    [InlineData("payment-service", 2, "skip", "reserve stock")]
    [InlineData("inventory-service", 1, "force", "reserve stock")]
    public async Task An_undo_that_nobody_answers_is_stuck_until_an_operator_answers_for_it(string participant, int step, string verb, string at)
    {
        using var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        var order = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(order, "confirmed");
        var pid = fleet.PidOf(participant)!.Value;
        await SignalAsync(pid, "STOP");
        try
        {
            using var cancel = await customer.PostAsJsonAsync($"/api/v1/orders/{order}/cancel", new { });
            cancel.EnsureSuccessStatusCode();
            await Eventually.HoldsAsync(() => PatienceIsOverAsync(order, step), "its patience is over", Within);
            await customer.BecomesAsync(order, "attention");
            var told = await FirstEventAsync(customer, order);
            told.ShouldContain("\"attention\"");
            told.ShouldNotContain("id:", Case.Sensitive, "who comes back with it would not hear what became of the order at the same version");

            var stuck = await ArgosyAsync("sagas", "list", "--state", "stuck");
            stuck.Output.ShouldContain($"checkout/{order}  stuck");
            var trail = await ArgosyAsync("audit", "list");
            (trail.ExitCode, trail.Output.Contains("order-service", StringComparison.Ordinal)).ShouldBe((1, true), trail.ToString());
            (stuck.ExitCode, stuck.Errors.Contains($"{participant} doesn't answer", StringComparison.Ordinal)).ShouldBe((1, true), stuck.ToString());
            (await ArgosyAsync("sagas", verb, $"checkout/{order}", "--version", "1", "--because", "too old a look")).Errors.ShouldContain("409");
            var helped = await ArgosyAsync("sagas", verb, $"checkout/{order}", "--because", "It is known to come.");
            (helped.ExitCode, helped.Errors.Contains($"was stuck at", StringComparison.Ordinal), helped.Errors.Contains($"at '{at}'", StringComparison.Ordinal)).ShouldBe((0, true, true), helped.ToString());
            await customer.BecomesAsync(order, "cancelled");
        }
        finally
        {
            await SignalAsync(pid, "CONT");
        }

        await fleet.ReadyAsync(participant);
        await fleet.StockBecomesAsync(sku, 5, 0, 0);
        await Eventually.HoldsAsync(async () => (await fleet.LedgerAsync(order)).Count(entry => entry.Type == "refund") == 1, "the money is back, once", Within);
        (await ArgosyAsync("audit", "list", "--service", "order-service")).Output.ShouldContain("It is known to come.");
    }

    [Fact]
    public async Task A_read_model_is_made_anew_while_orders_come_in_and_is_read_all_the_time()
    {
        using var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 50);
        var orders = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            orders.Add(await customer.PlacedAsync(Orders.Body(sku)));
        }

        var rebuilt = ArgosyAsync("projections", "rebuild", "order_view");
        for (var reads = 0; reads < 5 || !rebuilt.IsCompleted; reads++)
        {
            if (reads < 5)
            {
                orders.Add(await customer.PlacedAsync(Orders.Body(sku)));
            }

            var seen = await customer.GetFromJsonAsync<JsonElement>("/api/v1/orders?limit=100");
            seen.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("id").GetString()).ShouldBe(orders, ignoreOrder: true, $"at read {reads}");
            await Task.WhenAny(rebuilt, Task.Delay(TimeSpan.FromMilliseconds(50)));
        }

        (await rebuilt).Output.ShouldStartWith("done: ");
        foreach (var order in orders)
        {
            await customer.BecomesAsync(order, "confirmed");
        }

        (await ArgosyAsync("projections", "list")).Output.ShouldContain("order_view");
        (await ArgosyAsync("projections", "rebuild", "nothing")).Errors.ShouldContain("no service has a read model 'nothing'; there are order_view");
    }

    private static async Task<string> FirstEventAsync(HttpClient customer, string order)
    {
        await using var stream = await customer.GetStreamAsync(new Uri($"/api/v1/orders/{order}/stream", UriKind.Relative));
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        return string.Join('\n', lines);
    }

    private static Task ParcelIsCancelledAsync(HttpClient customer, string order) => Eventually.HoldsAsync(
        async () => (await customer.GetFromJsonAsync<JsonElement>($"/api/v1/shipments?orderId={order}")).GetProperty("items")[0].GetProperty("status").GetString() == "cancelled",
        "the message had its effect", Within);

    private static async Task SignalAsync(int pid, string signal) =>
        (await Launcher.BashAsync(TimeSpan.FromSeconds(10), $"kill -{signal} {pid}")).ExitCode.ShouldBe(0);

    // Minutes in life. True when the saga waited for this undo.
    private async Task<bool> PatienceIsOverAsync(string order, int step)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(fleet.Data, "services", "order-service", "order-service.db")};Pooling=false");
        await connection.OpenAsync();
        await using var update = connection.CreateCommand();
        update.CommandText = "update saga_step set due = 1 where saga = $saga and step = $step and direction = 'undo' and state = 'waiting'";
        update.Parameters.AddWithValue("$saga", $"checkout/{order}");
        update.Parameters.AddWithValue("$step", step);
        return await update.ExecuteNonQueryAsync() == 1;
    }

    private Task<Ended> ArgosyAsync(params string[] arguments) => Launcher.ArgosyAsync(Within, [.. arguments, "--data", fleet.Data]);

    // What eight failed attempts leave behind; the service that owns the file has to be stopped for that no longer than a transaction.
    private Task DieAsync(string order) => ParkAsync($"dead-{order}", order, "argosy.shipping.v1.CancelShipment", "dead");

    private async Task ParkAsync(string id, string key, string type, string state)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(fleet.Data, "services", "shipping-service", "shipping-service.db")};Pooling=false");
        await connection.OpenAsync();
        await using var insert = connection.CreateCommand();
        insert.CommandText = "insert into bus_parked (id, type, key, state, attempts, error, envelope) values ($id, $type, $key, $state, 8, 'TimeoutException: no such carrier', $envelope)";
        insert.Parameters.AddWithValue("$id", id);
        insert.Parameters.AddWithValue("$type", type);
        insert.Parameters.AddWithValue("$key", key);
        insert.Parameters.AddWithValue("$state", state);
        insert.Parameters.AddWithValue("$envelope", DeadEnvelope.Of(id, key));
        await insert.ExecuteNonQueryAsync();
    }
}
