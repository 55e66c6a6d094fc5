using System.Text;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Shouldly;
using Spectre.Console;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class LogTests : IDisposable
{
    private readonly DataFolder _data = TinyFleet.NewFolder();

    private string Path => _data.LogOf("order-service");

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public void A_log_never_grows_over_its_bound_and_keeps_the_generation_before()
    {
        using (var log = new LogFile(Path, bound: 1000))
        {
            for (var i = 0; i < 100; i++)
            {
                log.Append(Encoding.UTF8.GetBytes($"line {i,4} with something to say\n"));
            }
        }

        var files = Directory.GetFiles(_data.Logs);
        files.Length.ShouldBe(3);
        files.ShouldAllBe(f => new FileInfo(f).Length <= 1000);
        LogTail.Of(Path, 1).ShouldBe(["line   99 with something to say"]);
    }

    [Fact]
    public void The_tail_is_whole_lines_only()
    {
        File.WriteAllText(Path, "one\ntwo\nthree\nhal");

        LogTail.Of(Path, 2, out var end).ShouldBe(["two", "three"]);
        end.ShouldBe("one\ntwo\nthree\n".Length);
    }

    [Fact]
    public void A_follower_reads_on_over_a_rotation_and_misses_nothing()
    {
        using var log = new LogFile(Path, bound: 200);
        using var follower = new LogFollower("order-service", Path, 10);
        var seen = new List<string>();
        for (var i = 0; i < 50; i++)
        {
            log.Append(Encoding.UTF8.GetBytes($"line {i}\n"));
            seen.AddRange(follower.ReadNew().Select(l => l.Raw));
        }

        seen.ShouldBe(Enumerable.Range(0, 50).Select(i => $"line {i}"));
    }

    [Fact]
    public async Task The_last_lines_are_the_last_of_all_processes_together()
    {
        File.WriteAllText(_data.LogOf("busy"), string.Concat(Enumerable.Range(0, 50).Select(i => Line(i, $"busy {i}"))));
        File.WriteAllText(_data.LogOf("quiet"), Line(2, "quiet 2") + Line(48, "quiet 48"));

        (await ShownAsync(3, null, "busy", "quiet")).ShouldBe(["busy 48", "quiet 48", "busy 49"]);
        (await ShownAsync(2, null, "quiet")).ShouldBe(["quiet 2", "quiet 48"]);
    }

    [Fact]
    public async Task A_text_is_looked_for_in_every_file_that_is_kept_and_counted_by_what_is_found()
    {
        File.WriteAllText(System.IO.Path.ChangeExtension(Path, "2.log"), Line(0, "order 8B5d is placed") + Line(1, "another"));
        File.WriteAllText(System.IO.Path.ChangeExtension(Path, "1.log"), Line(2, "another") + Line(3, "order 8b5d is paid"));
        File.WriteAllText(Path, Line(4, "order 8b5d is shipped") + string.Concat(Enumerable.Repeat(Line(5, "another"), 200)));

        (await ShownAsync(100, "8b5D", "order-service")).ShouldBe(["order 8B5d is placed", "order 8b5d is paid", "order 8b5d is shipped"]);
        (await ShownAsync(2, "8b5D", "order-service")).ShouldBe(["order 8b5d is paid", "order 8b5d is shipped"]);
    }

    [Fact]
    public void A_follower_of_a_text_leaves_out_what_comes_without_it()
    {
        using var log = new LogFile(Path);
        using var follower = new LogFollower("order-service", Path, 10, "paid");
        follower.ReadNew().ShouldBeEmpty();

        log.Append(Encoding.UTF8.GetBytes("one is paid\nanother is not\ntwo is Paid\n"));

        follower.ReadNew().Select(l => l.Raw).ShouldBe(["one is paid", "two is Paid"]);
    }

    [Fact]
    public void A_structured_line_is_shown_as_a_sentence_with_its_trace_and_its_stack_below()
    {
        var line = LogLine.Read("order-service",
            """{"timestamp":"2026-01-01T00:00:00Z","level":"Warning","category":"Argosy.Orders","message":"Order [42] is late","trace_id":"c0ffee00c0ffee00","exception":"Boom\n   at Here"}""");

        var text = Markup.Remove(line.Markup(15, Color.Red)).Split('\n');

        text[0].ShouldStartWith("order-service   │ ");
        text[0].ShouldEndWith("warn  Order [42] is late trace=c0ffee00");
        text[1].ShouldBe("order-service   │   Boom");
        text[2].ShouldBe("order-service   │      at Here");
    }

    [Theory]
    [InlineData("""{"level":"Information","category":"Argosy.Orders.OrderApi","message":"placed"}""", true)]
    [InlineData("""{"level":"Information","category":"Argosy.Chassis.Messaging.Relay","message":"relayed"}""", false)]
    [InlineData("""{"level":"Information","category":"Microsoft.Hosting.Lifetime","message":"started"}""", false)]
    [InlineData("""{"level":"Warning","category":"Microsoft.AspNetCore","message":"odd"}""", true)]
    [InlineData("""{"level":"Debug","category":"Argosy.Orders","message":"detail"}""", false)]
    [InlineData("Unhandled exception.", true)]
    [InlineData("""{"level":"Err""", true)]
    public void The_terminal_shows_what_went_wrong_and_what_the_services_tell(string raw, bool shown) =>
        LogLine.Read("order-service", raw).IsNoteworthy.ShouldBe(shown);

    [Fact]
    public void Escape_sequences_in_a_log_do_not_reach_the_terminal()
    {
        var line = LogLine.Read("order-service", "{\"level\":\"Error\",\"message\":\"a\\u001b[2Jb\\u0007\"}");

        line.Markup(15, Color.Red).ShouldNotContain('\u001b');
        line.Markup(15, Color.Red).ShouldNotContain('\u0007');
    }

    [Fact]
    public async Task A_pump_passes_whole_lines_on_and_the_last_half_one_too()
    {
        var blocks = new List<string>();
        using var source = new MemoryStream(Encoding.UTF8.GetBytes("one\ntwo\nhalf"));

        await new LinePump(source, lines => blocks.Add(Encoding.UTF8.GetString(lines.Span))).RunAsync();

        string.Concat(blocks).ShouldBe("one\ntwo\nhalf\n");
        blocks[0].ShouldBe("one\ntwo\n");
    }

    [Fact]
    public async Task A_line_without_an_end_does_not_fill_the_memory()
    {
        var longest = 0;
        using var source = new MemoryStream(new byte[1_000_000]);

        await new LinePump(source, lines => longest = Math.Max(longest, lines.Length)).RunAsync();

        longest.ShouldBeLessThanOrEqualTo(64 * 1024);
    }

    private static string Line(int second, string message) =>
        $$"""{"timestamp":"2026-01-01T00:00:{{second:00}}Z","level":"Information","category":"Argosy.Orders","message":"{{message}}"}""" + "\n";

    private async Task<IReadOnlyList<string>> ShownAsync(int lines, string? text, params string[] processes)
    {
        var shown = new List<string>();
        var followers = processes.Select(name => new LogFollower(name, _data.LogOf(name), lines, text)).ToList();
        await new LogStream(followers, lines, line => shown.Add(line.Message)).RunAsync(follow: false, CancellationToken.None);
        followers.ForEach(follower => follower.Dispose());
        return shown;
    }
}
