using System.Net;
using Argosy.Checker;
using Argosy.Checker.History;
using Argosy.Checker.Model;
using Argosy.Checker.Reports;
using Shouldly;
using Xunit;
using Status = Argosy.Checker.Model.Status;

namespace Argosy.Cli;

/// <summary>The checker's model, held against small histories: an answer at a time, in seconds after the beginning.</summary>
public sealed class CheckerModelTests
{
    private static readonly DateTimeOffset Beginning = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    /// <summary>What clients were told of an order (kind, asked, answered, status told), and the answers of which not all can be so; none where all can.</summary>
    public static TheoryData<string, string, string> Histories => new()
    {
        { "an order's usual way", "placed 0 1; pending 1 2; confirmed 3 4; left 5 6; shipped 7 8; end shipped", "" },
        { "cancelled while pending", "placed 0 1; cancel 2 3 cancelling; cancelled 4 5; cancel 6 7 cancelled; end cancelled", "" },
        { "a cancellation that comes too late is taken back", "placed 0 1; confirmed 2 3; left 4 5; cancel 6 7 cancelling; confirmed 8 9; shipped 10 11; end shipped", "" },
        { "reads at the same time may say either", "placed 0 1; confirmed 2 6; pending 3 5; end confirmed", "" },
        { "a cancellation without an answer may have been done", "placed 0 1; confirmed 2 3; cancel? 4; cancelled 6 7; end cancelled", "" },
        { "a cancellation without an answer may have come to nothing", "placed 0 1; cancel? 2; confirmed 4 5; end confirmed", "" },
        { "a placing without an answer may have been done", "place? 0; pending 3 4; end confirmed", "" },
        { "a read beside the placing may not see it yet", "placed 0 5; none 1 2; pending 3 4; end confirmed", "" },
        { "a repeat of the request changes nothing", "placed 0 1; confirmed 2 3; placed 4 5; confirmed 6 7; end confirmed", "" },

        { "it goes back", "placed 0 1; confirmed 2 3; pending 4 5; end confirmed", "confirmed 2 3; pending 4 5" },
        { "it is not there after it was acknowledged", "placed 0 1; none 2 3; end confirmed", "placed 0 1; none 2 3" },
        { "it is there before anybody asked for it", "pending 0 1; placed 2 3; end confirmed", "pending 0 1" },
        { "one's own cancellation is not seen", "placed 0 1; cancel 2 3 cancelling; pending 4 5; end cancelled", "cancel 2 3 cancelling; pending 4 5" },
        { "what is cancelled is confirmed", "placed 0 1; cancelled 2 3; confirmed 4 5; end confirmed", "cancelled 2 3; confirmed 4 5" },
        { "what is cancelled has shipped in the end", "placed 0 1; cancelled 2 3; end shipped", "cancelled 2 3; end shipped" },
        { "confirmed, and cancelled by nobody", "placed 0 1; confirmed 2 3; end cancelled", "confirmed 2 3; end cancelled" },
        { "what has left is cancelled", "placed 0 1; left 2 3; cancelled 4 5; end cancelled", "left 2 3; cancelled 4 5" },
        { "a cancellation was accepted and forgotten", "placed 0 1; confirmed 2 3; cancel 4 5 cancelling; end confirmed", "cancel 4 5 cancelling; end confirmed" },
        { "what has shipped is cancelled again", "placed 0 1; shipped 2 3; cancel 4 5 cancelling; end shipped", "shipped 2 3; cancel 4 5 cancelling" },
        { "an acknowledged order is nowhere in the end", "placed 0 1; end none", "placed 0 1; end none" },
        { "it never comes to rest", "placed 0 1; end pending", "end pending" },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public void Answers_that_contradict_each_other_are_found_and_no_others(string what, string told, string contradiction)
    {
        var operations = told.Split("; ").Select(Parse).ToList();

        var core = Replay.Contradiction(operations);

        string.Join("; ", core.Select(operation => operation.Fact.Says)).ShouldBe(contradiction, what);
    }

    [Fact]
    public void Any_one_answer_less_and_the_rest_can_be_so()
    {
        var operations = "placed 0 1; confirmed 2 3; pending 4 5; confirmed 6 7; cancelled 8 9; end cancelled".Split("; ").Select(Parse).ToList();

        var core = Replay.Contradiction(operations);

        core.ShouldNotBeEmpty();
        core.ShouldAllBe(one => Replay.Contradiction(core.Where(other => other != one).Concat(new[] { Parse("place? 0") }).ToList()).Count == 0);
    }

    [Fact]
    public void A_version_never_goes_back_and_says_one_thing()
    {
        var (first, second) = (Read(1, 2) with { Version = 2, Told = "confirmed" }, Read(3, 4) with { Version = 1, Told = "pending" });

        Versions.Check([first, Read(1.5, 5) with { Version = 1, Told = "pending" }]).ShouldBeEmpty();
        Versions.Check([first, second]).ShouldHaveSingleItem().Facts.Count.ShouldBe(2);
        Versions.Check([first, Read(1, 3) with { Version = 2, Told = "shipped" }]).ShouldHaveSingleItem().Says.ShouldContain("version 2");
        Versions.Check([Read(1, 2) with { Op = 7, Version = 2, Told = "confirmed" }, Read(1, 3) with { Op = 7, Version = 1, Told = "pending" }]).ShouldHaveSingleItem();
    }

    [Fact]
    public void Final_reads_have_every_acknowledged_order_and_no_other_each_at_rest()
    {
        var place = Place("key", "o", 3);
        var list = new HistoryLine(Act.List, At(10), At(11)) { Customer = "ada", Final = true, Status = 200 };
        var read = Read(10, 11) with { Final = true, Customer = "ada", Told = "confirmed" };

        FinalReads.Check([place, read, list], []).ShouldBeEmpty();
        FinalReads.Check([place, list], []).ShouldHaveSingleItem().Says.ShouldContain("is not among");
        FinalReads.Check([read, list], []).ShouldHaveSingleItem().Says.ShouldContain("no request of theirs");
        FinalReads.Check([place with { Status = null, Order = null }, read, list], ["o"]).ShouldBeEmpty();
        FinalReads.Check([place, read with { Told = "cancelling" }, list], []).ShouldHaveSingleItem().Says.ShouldContain("is cancelling after");
    }

    [Fact]
    public void Orders_that_stand_have_no_more_than_was_put_on_the_shelf_and_what_is_left_is_the_rest()
    {
        var put = new HistoryLine(Act.Put, At(0), At(1)) { Sku = "tea", Stock = 4, Status = 201 };
        var count = new HistoryLine(Act.Count, At(9), At(10)) { Sku = "tea", Final = true, Status = 200, Stock = 1, Reserved = 3, Sold = 0 };
        IReadOnlyList<Finding> Check(params HistoryLine[] lines) => [.. Shelves.Check(lines, order => order == "gone" ? Status.Cancelled : Status.Confirmed, line => line.Order)];

        Check(put, Place("k", "o", 3), Place("l", "gone", 3), count).ShouldBeEmpty();
        Check(put, Place("k", "o", 3), count with { Stock = 2 }).ShouldHaveSingleItem().Facts.Count.ShouldBe(2);
        Check(put, Place("k", "o", 3), Place("l", "p", 2), Place("m", "q", 1)).ShouldHaveSingleItem().Facts.Count.ShouldBe(3);
    }

    [Fact]
    public void An_invocation_whose_answer_never_came_is_an_operation_that_nobody_knows_the_end_of()
    {
        var (asked, answered) = (Place("k", "o", 1) with { Op = 1, Side = Side.Invoke, Order = null, Status = null }, Place("k", "o", 1) with { Op = 1 });

        Operations.Of([asked, answered]).ShouldBe([answered]);
        Operations.Of([asked]).ShouldHaveSingleItem().Side.ShouldBeNull();
    }

    [Fact]
    public void A_report_says_the_verdict_what_contradicts_what_and_loads_nothing()
    {
        IReadOnlyList<HistoryLine> lines =
        [
            Place("k", "o", 1), Read(2, 3) with { Told = "confirmed" },
            new(Act.Fault, At(1), At(1)) { Side = Side.Begin, Fault = "kill", Whom = "order-service" }, new(Act.Fault, At(2), At(2)) { Side = Side.End, Fault = "kill", Whom = "order-service" },
        ];

        var good = HtmlReport.Of("a <run>", [new BookResult("a orders", "1 order", [])], lines);
        var bad = HtmlReport.Of("a <run>", [new BookResult("a orders", "1 order", [new Finding("order o is lost") { Facts = [new Fact("x.jsonl:1", "it & that")] }])], lines);

        good.ShouldContain("It adds up.");
        WebUtility.HtmlDecode(good).ShouldContain("kill · order-service");
        good.ShouldContain("a &lt;run&gt;");
        bad.ShouldContain("It does not add up: 1 finding.");
        bad.ShouldContain("<code>x.jsonl:1</code>it &amp; that");
        bad.ShouldContain("All that was asked about order o");
        new[] { "<script", "http:", "https:", "url(", "@import" }.ShouldAllBe(loading => !bad.Contains(loading, StringComparison.Ordinal));
    }

    private static DateTimeOffset At(double seconds) => Beginning.AddSeconds(seconds);

    private static HistoryLine Read(double asked, double at) => new(Act.Read, At(asked), At(at)) { Order = "o", Status = 200 };

    private static HistoryLine Place(string key, string order, long pieces) =>
        new(Act.Place, At(1), At(2)) { Customer = "ada", Key = key, Order = order, Status = 202, Lines = [new Pieces("tea", pieces)] };

    private static Operation Parse(string text)
    {
        var words = text.Split(' ');
        var isEnd = words[0] == "end";
        var kind = words[0] switch
        {
            "placed" => Kind.Placed,
            "place?" => Kind.PlaceUnknown,
            "cancel" => Kind.CancelAccepted,
            "cancel?" => Kind.CancelUnknown,
            "left" => Kind.Dispatched,
            "end" when words[1] != "none" => Kind.Ended,
            _ => Kind.Told,
        };
        Status? told = kind is Kind.Told or Kind.Ended ? Enum.Parse<Status>(isEnd ? words[1] : words[0], ignoreCase: true)
            : kind == Kind.CancelAccepted ? Enum.Parse<Status>(words[3], ignoreCase: true) : null;
        var asked = isEnd ? DateTimeOffset.MaxValue : At(int.Parse(words[1]));
        return new Operation(kind, asked, isEnd || words.Length < 3 ? DateTimeOffset.MaxValue : At(int.Parse(words[2])), new Fact("", text)) { Told = told };
    }
}
