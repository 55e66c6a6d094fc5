using Argosy.Checker;
using Argosy.Checker.History;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The checker is checked: each way in which a book can be wrong is put into right ones, and that book alone has to say so.</summary>
[Trait("on", "embedded")]
public sealed class CheckerTests(SmallHistory history) : IClassFixture<SmallHistory>
{
    [Fact]
    public async Task Right_books_add_up()
    {
        using var fleet = history.Spoil();

        (await fleet.FindingsAsync()).ShouldBeEmpty();
    }

    /// <summary>
    /// Book, what is wrong, where the order of the defect ended and whether it was charged, what is done to the databases ($ORDER
    /// is the order, $AMOUNT its charge), and a piece of the sentence that has to be found.
    /// </summary>
    public static TheoryData<char, string, string, bool, string, string> Defects => new()
    {
        { 'a', "the record of a key is gone", "confirmed", true, "delete from orders.http_idempotency where case when json_valid(cast(body as text)) then json_extract(cast(body as text), '$.id') end = '$ORDER'", "no record of the key" },

        { 'b', "an order is charged twice", "confirmed", true, $"{Entry("capture", "$AMOUNT")}; {Balance("+ $AMOUNT")}", "$ORDER was charged 2 times" },
        { 'b', "an order is charged a cent too much", "confirmed", true, $"update provider.ledger set amount = amount + 1 where order_id = '$ORDER'; {Balance("+ 1")}", "$ORDER costs" },
        { 'b', "an order is charged in another currency", "confirmed", true, $"update provider.ledger set currency = 'USD' where order_id = '$ORDER'; {Balance("- $AMOUNT")}; insert into provider.balance values ('usd', $AMOUNT)", "USD" },
        { 'b', "somebody is charged for no order", "confirmed", true, $"insert into provider.ledger (id, type, payment_id, order_id, amount, currency, at) values ('ch_x', 'capture', 'p', 'no-such', 42, 'EUR', 1); {Balance("+ 42")}", "ch_x" },

        { 'c', "a cancelled order is not given back", "cancelled", true, $"delete from provider.ledger where order_id = '$ORDER' and type = 'refund'; {Balance("+ $AMOUNT")}", "$ORDER is cancelled" },
        { 'c', "a cancelled order is given back twice", "cancelled", true, $"{Entry("refund", "$AMOUNT")}; {Balance("- $AMOUNT")}", "was given back" },
        { 'c', "a part is given back that nobody asked for", "confirmed", true, $"{Entry("refund", "1")}; {Balance("- 1")}", "payment-service knows of none" },
        { 'c', "a shipped order was never charged", "shipped", true, $"delete from provider.ledger where order_id = '$ORDER'; {Balance("- $AMOUNT")}", "$ORDER is shipped and was never charged" },
        { 'c', "a customer gave the money back", "cancelled", true, "update payments.es_event set data = json_set(data, '$.by', 'a-customer') where type = 'payment.refund-started' and stream = (select stream from payments.es_event where json_extract(data, '$.orderId') = '$ORDER')", "a-customer" },

        { 'd', "the provider's balance is another", "confirmed", true, Balance("+ 1"), "the provider's balance is" },

        { 'e', "an item is missing from the shelf", "confirmed", true, $"update inventory.stock set available = available - 1 where sku = {Sku}", "is not the" },
        { 'e', "there is less than nothing", "confirmed", true, $"update inventory.stock set put_in = put_in - available - 1, available = -1 where sku = {OtherSku}", "is below zero" },
        { 'e', "something is reserved for an order that nobody placed", "confirmed", true, $"insert into inventory.reservation (order_id, sku, quantity, state, since) values ('no-such', {Sku}, 2, 'reserved', 1); update inventory.stock set available = available - 2, reserved = reserved + 2 where sku = {Sku}", "for order no-such, which is nobody's" },
        { 'e', "something is still reserved for a cancelled order", "cancelled", true, "update inventory.stock set available = available - q, reserved = reserved + q from (select sku as s, quantity as q from inventory.reservation where order_id = '$ORDER') where sku = s; update inventory.reservation set state = 'reserved' where order_id = '$ORDER'", "for order $ORDER, which is cancelled" },
        { 'e', "nothing is reserved for a confirmed order", "confirmed", true, "update inventory.stock set available = available + q, reserved = reserved - q from (select sku as s, quantity as q from inventory.reservation where order_id = '$ORDER') where sku = s; delete from inventory.reservation where order_id = '$ORDER'", "holds none" },
        { 'e', "more is on the shelf than a client put there", "confirmed", true, $"update inventory.stock set available = available + 1, put_in = put_in + 1 where sku = {Sku}", "were put in by a client" },

        { 'f', "an order has a second shipment", "confirmed", true, "create table shipping.copy as select * from shipping.shipment; drop table shipping.shipment; alter table shipping.copy rename to shipment; insert into shipping.shipment select 's_2', order_id, customer, status, tracking, reason, name, street, city, postal_code, country, created, updated from shipping.shipment where order_id = '$ORDER'", "$ORDER has 2 shipments" },
        { 'f', "a parcel is arranged that nobody paid for", "cancelled", false, "insert into shipping.shipment select 's_x', '$ORDER', customer, 'arranged', tracking, null, name, street, city, postal_code, country, created, updated from shipping.shipment limit 1", "s_x of order $ORDER is arranged" },
        { 'f', "a confirmed order has no parcel", "confirmed", true, "delete from shipping.shipment where order_id = '$ORDER'", "no parcel" },
        { 'f', "a parcel left, and the order doesn't know", "confirmed", true, "update shipping.shipment set status = 'dispatched' where order_id = '$ORDER'", "is dispatched, and the order is confirmed" },

        { 'g', "a message is still parked", "confirmed", true, "insert into shipping.bus_parked (id, type, key, state, attempts, error, envelope) values ('m', 'argosy.shipping.v1.ArrangeShipment', '$ORDER', 'dead', 8, 'Exception: no', x'00')", "is parked as dead at shipping-service" },
        { 'g', "a message was not taken, or its inbox row is not there", "confirmed", true, "delete from payments.bus_inbox where id in (select id from orders.bus_outbox where key = '$ORDER')", "has not been taken by payment-service" },
        { 'g', "a message had its effect twice", "confirmed", true, "insert into inventory.bus_outbox (id, type, key, headers, body, at) select id, type, key, headers, body, at from inventory.bus_outbox where key = '$ORDER'", "was published 2 times by inventory-service" },
        { 'g', "a message wrote to a stream twice", "shipped", true, "update orders.es_event set meta = json_set(meta, '$.causationId', 'm') where stream = 'order-$ORDER' and version > 1", "what m caused in stream order-$ORDER was written 2 times" },
        { 'g', "a payment still waits for the provider", "confirmed", true, "insert into payments.provider_task (payment, due, attempts, version, nudges, context) values ('p', 1, 3, 1, 0, '{}')", "payment p waits for the provider" },

        { 'h', "a saga is stuck", "cancelled", true, "update orders.saga set state = 'stuck' where id = 'checkout/$ORDER'", "checkout/$ORDER is stuck" },
        { 'h', "a saga runs on", "confirmed", true, "update orders.saga set state = 'running' where id = 'checkout/$ORDER'", "checkout/$ORDER is running" },
        { 'h', "a saga has ended, and a step of it waits", "confirmed", true, "update orders.saga_step set due = 1 where saga = 'checkout/$ORDER' and step = 2", "step 2 (do) still waits" },
        { 'h', "a saga and its order disagree", "confirmed", true, "update orders.saga set state = 'compensated' where id = 'checkout/$ORDER'", "its saga is compensated" },

        { 'i', "the read model shows another status", "confirmed", true, "update orders.order_view set status = 'cancelled' where id = '$ORDER'", "status is cancelled instead of confirmed" },
        { 'i', "the read model shows another total", "confirmed", true, "update orders.order_view set total = total + 1 where id = '$ORDER'", "total is" },
        { 'i', "the read model shows other lines", "confirmed", true, "update orders.order_view set lines = '[]' where id = '$ORDER'", "lines is []" },
        { 'i', "the read model has lost an order", "confirmed", true, "delete from orders.order_view where id = '$ORDER'", "the read model has no row of it" },
        { 'i', "the read model has an order that never was", "confirmed", true, "update orders.order_view set id = 'a' where id = '$ORDER'", "the read model has order a, and it has no events" },
        { 'i', "a stream has a hole", "shipped", true, "delete from orders.es_event where stream = 'order-$ORDER' and version = 2", "$ORDER can't be rebuilt" },
        { 'i', "a price differs from its owner's", "confirmed", true, $"update orders.item_price set amount = amount + 1 where sku = {Sku}", "order-service says" },
    };

    [Theory]
    [MemberData(nameof(Defects))]
    public async Task A_defect_is_found_by_its_book_and_by_no_other(char book, string what, string status, bool wasCharged, string spoil, string found)
    {
        using var fleet = history.Spoil();
        var order = fleet.Order(status, wasCharged);
        var amount = fleet.Lines.First(line => line.Act == Act.Place && line.Order == order).Expected!.Minor;

        fleet.Run(spoil.Replace("$ORDER", order, StringComparison.Ordinal).Replace("$AMOUNT", $"{amount}", StringComparison.Ordinal));

        ShouldBe(await fleet.FindingsAsync(), [book], found.Replace("$ORDER", order, StringComparison.Ordinal), what);
    }

    /// <summary>Book, what is wrong, where the order of the defect ended, and what clients say then.</summary>
    public static TheoryData<char, string, string, string> Tellings => new()
    {
        { 'a', "an acknowledged order is lost", "confirmed", "lost" },
        { 'a', "an order costs something else than its lines", "confirmed", "expected" },
        { 'a', "an order was placed that nobody was told of", "confirmed", "untold" },
        { 'a', "two requests were given the same order", "confirmed", "shared" },
        { 'j', "a client was told cancelled", "confirmed", "told cancelled" },
        { 'j', "a client was told confirmed, then pending", "confirmed", "told pending" },
        { 'j', "a client was told confirmed, and nobody wanted the cancellation that came", "cancelled", "told confirmed" },
        { 'j', "a client was told another total", "confirmed", "told total" },
        { 'j', "an acknowledged order was not there later", "confirmed", "404" },
        { 'j', "a cancellation was refused for having shipped", "cancelled", "refused" },
        { 'j', "a cancellation was accepted and forgotten", "confirmed", "accepted" },
        { 'j', "an order was dispatched and stayed", "confirmed", "dispatched" },
        { 'k', "an order's version went back", "confirmed", "version" },
        { 'k', "a customer's orders lack one in the end", "confirmed", "unlisted" },
        { 'j', "an order is confirmed again after it was cancelled", "cancelled", "left" },
    };

    [Theory]
    [MemberData(nameof(Tellings))]
    public async Task An_answer_that_the_books_contradict_is_found_by_its_book_and_at_most_by_the_model_beside_it(char book, string what, string status, string telling)
    {
        using var fleet = history.Spoil();
        var order = fleet.Order(status, wasCharged: telling != "told confirmed");
        var placed = fleet.Lines.First(line => line.Act == Act.Place && line.Order == order);
        var later = fleet.Lines.Max(line => line.At);
        var read = new HistoryLine(Act.Read, later, later) { Order = order, Status = 200 };

        _ = telling switch
        {
            "lost" => Add(placed with { Order = "no-such-order" }, replaces: false),
            "expected" => Add(placed with { Expected = placed.Expected! with { Minor = placed.Expected.Minor + 1 } }, replaces: true),
            "untold" => fleet.Lines.RemoveAll(line => line.Order == order) > 0,
            "shared" => Add(placed with { Key = fleet.Lines.Last(line => line.Act == Act.Place).Key }, replaces: false),
            "told cancelled" => Add(read with { Told = "cancelled" }, replaces: false),
            "told pending" => Add(read with { Told = "pending" }, replaces: false),
            "told confirmed" => Add(read with { Told = "confirmed", Asked = placed.Asked, At = placed.At }, replaces: false),
            "told total" => Add(read with { Told = status, Total = new Amount(1, "EUR") }, replaces: false),
            "404" => Add(read with { Status = 404 }, replaces: false),
            "refused" => Add(read with { Act = Act.Cancel, Status = 409, Problem = "order.shipped" }, replaces: false),
            "accepted" => Add(read with { Act = Act.Cancel, Status = 202, Told = "cancelling" }, replaces: false),
            "dispatched" => Add(read with { Act = Act.Dispatch }, replaces: false),
            "version" => Add(read with { Told = status, Version = 1 }, replaces: false),
            "unlisted" => fleet.Lines.RemoveAll(line => line.Order == order && line.Final == true) > 0,
            "left" => Add(read with { Told = "confirmed" }, replaces: false),
            _ => throw new InvalidOperationException(telling),
        };

        bool Add(HistoryLine line, bool replaces)
        {
            fleet.Lines.RemoveAll(old => replaces && old == placed);
            fleet.Lines.Add(line);
            return true;
        }

        ShouldBe(await fleet.FindingsAsync(), [book, 'k'], telling == "lost" ? "no-such-order" : order, what);
    }

    [Fact]
    public async Task A_request_without_an_answer_is_settled_by_the_record_of_its_key()
    {
        using var fleet = history.Spoil();
        var order = fleet.Order("confirmed");
        var place = fleet.Lines.FindIndex(line => line.Act == Act.Place && line.Order == order);
        fleet.Lines[place] = fleet.Lines[place] with { Status = null, Order = null, Told = null, Total = null };

        (await fleet.FindingsAsync()).ShouldBeEmpty();
        fleet.Run($"delete from orders.http_idempotency where case when json_valid(cast(body as text)) then json_extract(cast(body as text), '$.id') end = '{order}'");
        ShouldBe(await fleet.FindingsAsync(), ['a', 'k'], order, "without the record nobody asked for it");
    }

    [Fact]
    public async Task What_an_item_is_counted_at_in_the_end_is_what_orders_have_left_of_it()
    {
        using var fleet = history.Spoil();
        var count = fleet.Lines.FindIndex(line => line is { Act: Act.Count, Reserved: > 0 });

        fleet.Lines[count] = fleet.Lines[count] with { Stock = fleet.Lines[count].Stock + 1 };

        ShouldBe(await fleet.FindingsAsync(), ['k'], fleet.Lines[count].Sku!, "counted one more");
    }

    [Fact]
    public async Task Every_finding_names_the_rows_and_lines_that_contradict_each_other()
    {
        using var fleet = history.Spoil();
        var order = fleet.Order("confirmed");
        var (line, later) = (fleet.Lines.First(line => line.Act == Act.Place && line.Order == order), fleet.Lines.Max(line => line.At));
        fleet.Lines.Add(new HistoryLine(Act.Read, later, later) { Order = order, Status = 200, Told = "cancelled" });
        fleet.Run($"update provider.ledger set amount = amount + 1 where order_id = '{order}'; {Balance("+ 1")}");

        var books = await fleet.BooksAsync();

        var charged = books.Single(book => book.Book[0] == 'b').Findings.ShouldHaveSingleItem();
        charged.Facts.Select(fact => fact.From.Split(',')[0]).ShouldBe(["order-service: es_event", "payment-provider: ledger"]);
        charged.Facts[1].Says.ShouldContain($"amount {line.Expected!.Minor + 1}");
        var told = books.Single(book => book.Book[0] == 'k').Findings.ShouldHaveSingleItem();
        told.Facts.Count.ShouldBe(2);
        told.Facts.ShouldContain(fact => fact.From.Contains(".jsonl:", StringComparison.Ordinal) && fact.Says.Contains("it was cancelled", StringComparison.Ordinal));
        told.Facts.ShouldContain(fact => fact.Says.Contains("confirmed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_program_says_by_its_exit_code_whether_all_adds_up_or_could_not_be_read()
    {
        using var fleet = history.Spoil();
        var program = Path.Combine(AppContext.BaseDirectory, "Argosy.Checker.dll");

        (await RunAsync("--data", fleet.Folder)).ExitCode.ShouldBe(0);
        fleet.Run(Balance("+ 1"));
        var ended = await RunAsync("--data", fleet.Folder, "--wait", "0");
        ended.ExitCode.ShouldBe(1, ended.ToString());
        ended.Output.ShouldContain("book d: ");
        (await RunAsync("--data", Path.Combine(fleet.Folder, "nowhere"))).ExitCode.ShouldBe(2);
        (await RunAsync("--data", fleet.Folder, "--history", program)).ExitCode.ShouldBe(2);
        (await RunAsync("--wait", "never")).ExitCode.ShouldBe(2);

        Task<Ended> RunAsync(params string[] arguments) =>
            Launcher.RunAsync(TimeSpan.FromSeconds(60), new Dictionary<string, string>(StringComparer.Ordinal), "dotnet", [program, .. arguments]);
    }

    private const string Sku = "(select sku from inventory.reservation where order_id = '$ORDER' limit 1)";

    private const string OtherSku = "(select sku from inventory.stock where reserved = 0 and sold = 0 and sku not like 'demo-%' limit 1)";

    private static string Entry(string type, string amount) =>
        $"insert into provider.ledger (id, type, payment_id, order_id, amount, currency, at) values ('x_1', '{type}', 'p', '$ORDER', {amount}, 'EUR', 1)";

    private static string Balance(string change) => $"update provider.balance set amount = amount {change} where currency = 'eur'";

    private static void ShouldBe(IReadOnlyList<string> findings, IReadOnlyList<char> books, string found, string what)
    {
        findings.ShouldNotBeEmpty(what);
        findings.ShouldAllBe(finding => books.Contains(finding[0]), $"{what}: {string.Join('\n', findings)}");
        findings.ShouldContain(finding => finding[0] == books[0] && finding.Contains(found, StringComparison.Ordinal), $"{what}: {string.Join('\n', findings)}");
    }
}
