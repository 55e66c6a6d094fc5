using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Telemetry;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Telemetry;

public sealed class JsonLogsTests
{
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData("information", LogLevel.Warning)]
    [InlineData("trace", LogLevel.Trace)]
    public void The_framework_s_narration_of_every_challenge_is_left_away_but_at_trace(string level, LogLevel first)
    {
        var settings = new Settings(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create<string, string?>("LOG_LEVEL", level)]).Build());
        using var services = new ServiceCollection().AddSingleton(TimeProvider.System).AddLogging(logging => logging.AddLogs(settings, "tested")).BuildServiceProvider();

        var handler = services.GetRequiredService<ILoggerFactory>().CreateLogger<BearerHandler>();

        Enum.GetValues<LogLevel>().Where(handler.IsEnabled).Min().ShouldBe(first);
    }

    [Fact]
    public void A_line_has_what_an_operator_searches_for()
    {
        using var listening = ArgosySources.Listen();
        using var activity = ArgosySources.Activities.StartActivity("work");
        activity.ShouldNotBeNull();
        Correlation.Adopt(activity, "order-17");
        var line = Lines(log => log.LogWarning(new InvalidOperationException("no\nway"), "Order {OrderId} took {Milliseconds} ms", "o-1", 12.5)).Single();
        line.GetProperty("timestamp").GetString().ShouldBe("2026-01-01T00:00:00.000Z");
        line.GetProperty("level").GetString().ShouldBe("warning");
        line.GetProperty("service").GetString().ShouldBe("tested");
        line.GetProperty("category").GetString().ShouldBe("Orders");
        line.GetProperty("message").GetString().ShouldBe("Order o-1 took 12.5 ms");
        line.GetProperty("template").GetString().ShouldBe("Order {OrderId} took {Milliseconds} ms");
        line.GetProperty("trace_id").GetString().ShouldBe(activity.TraceId.ToHexString());
        line.GetProperty("span_id").GetString().ShouldBe(activity.SpanId.ToHexString());
        line.GetProperty("correlation_id").GetString().ShouldBe("order-17");
        line.GetProperty("exception").GetString().ShouldNotBeNull().ShouldStartWith("System.InvalidOperationException: no\nway");
        line.GetProperty("fields").GetProperty("OrderId").GetString().ShouldBe("o-1");
        line.GetProperty("fields").GetProperty("Milliseconds").GetDouble().ShouldBe(12.5);
    }

    [Fact]
    public void Nobody_forges_a_line_or_breaks_the_json_whatever_the_text() => Property.Holds(
        ArbMap.Default.ArbFor<NonNull<string>>(),
        text =>
        {
            var hostile = $"\r\n\u001b[31m\u2028{text.Get}\n{{\"level\":\"error\"}}";
            var line = Lines(log => log.LogInformation("{Text}", hostile)).Single();
            line.GetProperty("level").GetString().ShouldBe("information");
        },
        count: 300);

    [Fact]
    public void Everything_logged_before_the_end_is_written()
    {
        var lines = Lines(log =>
        {
            for (var i = 0; i < 5000; i++)
            {
                log.LogInformation("{Number}", i);
            }
        });
        lines.Select(l => l.GetProperty("fields").GetProperty("Number").GetInt32()).ShouldBe(Enumerable.Range(0, 5000));
    }

    [Fact]
    public async Task A_reader_that_stands_still_costs_lines_and_holds_nobody_up()
    {
        using var output = new StuckStream();
        var logs = new StreamLogs(output, new JsonLogFormat("tested"), _time);
        var log = logs.CreateLogger("Orders");
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 20_000; i++)
        {
            log.LogInformation("{Number}", i);
        }

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        output.Release();
        await Eventually.HoldsAsync(() => output.Text.Contains("log lines were lost"), "the loss was confessed");
        logs.Dispose();
        output.Text.Split('\n').Length.ShouldBeLessThan(20_000);
    }

    [Fact]
    public void A_reader_that_is_gone_is_no_reason_to_fail()
    {
        using var logs = new StreamLogs(new BrokenStream(), new JsonLogFormat("tested"), _time);
        var log = logs.CreateLogger("Orders");
        for (var i = 0; i < 20_000; i++)
        {
            log.LogInformation("{Number}", i);
        }
    }

    [Theory]
    [InlineData("order-17_A.b", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\r\nX: 1", false)]
    [InlineData("0195946a-0f66-7a10-8c1d-0d7b4c1f3a52", true)]
    [InlineData("1-5759e988-bd862e3fe1be46a994272793", true)]
    [InlineData("4111111111111111", false)]
    [InlineData("order-4111-1111-1111-1111", false)]
    [InlineData("argosy_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]       // an API key
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", false)]                        // as long as a refresh token
    public void A_correlation_id_is_short_and_plain_and_no_secret(string text, bool usable) => Correlation.IsUsable(text).ShouldBe(usable);

    [Fact]
    public void A_correlation_id_has_at_most_40_characters()
    {
        Correlation.IsUsable(new string('x', 40)).ShouldBeTrue();
        Correlation.IsUsable(new string('x', 41)).ShouldBeFalse();
    }

    private List<JsonElement> Lines(Action<ILogger> log)
    {
        var output = new MemoryStream();
        using (var logs = new StreamLogs(output, new JsonLogFormat("tested"), _time))
        {
            log(logs.CreateLogger("Orders"));
        }

        var text = Encoding.UTF8.GetString(output.ToArray());
        text.ShouldEndWith("\n");
        return [.. text.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement)];
    }

    private sealed class StuckStream : MemoryStream
    {
        private readonly ManualResetEventSlim _released = new();
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public void Release() => _released.Set();

        protected override void Dispose(bool disposing)
        {
            _released.Dispose();
            base.Dispose(disposing);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _released.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
            lock (_text)
            {
                _text.Append(Encoding.UTF8.GetString(buffer));
            }
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
