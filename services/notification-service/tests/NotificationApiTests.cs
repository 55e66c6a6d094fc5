using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Notifications.Tests;

/// <summary>The real process over HTTP and the bus, killed and started again.</summary>
public sealed class NotificationApiTests : IAsyncLifetime
{
    private ServiceBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ServiceBench.StartAsync("notification-service", "NotificationService");

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Everybody_reads_their_own_notifications_newest_first_and_nobody_elses()
    {
        for (var i = 1; i <= 5; i++)
        {
            await ConfirmAsync($"order-{i}", "user-1");
        }

        await ConfirmAsync("order-6", "user-2");

        var mine = await PageAsync("user-1", "?limit=3");
        mine.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetString()).ShouldBe(["order-5", "order-4", "order-3"]);
        var rest = await PageAsync("user-1", $"?limit=3&cursor={mine.GetProperty("nextCursor").GetString()}");
        rest.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("orderId").GetString()).ShouldBe(["order-2", "order-1"]);
        rest.GetProperty("nextCursor").ValueKind.ShouldBe(JsonValueKind.Null);
        var first = rest.GetProperty("items")[0];
        first.GetProperty("kind").GetString().ShouldBe("order-confirmed");
        first.GetProperty("subject").GetString().ShouldBe("Your order is confirmed");
        (await _bench.AsAdmin().GetFromJsonAsync<JsonElement>("/api/v1/notifications")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await _bench.Anonymous.GetAsync("/api/v1/notifications")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _bench.As("user-1").GetAsync("/api/v1/notifications?cursor=AAAA")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_stream_tells_what_is_new_and_goes_on_where_it_was()
    {
        await ConfirmAsync("order-1", "user-1");
        string? last;
        await using (var stream = await StreamAsync("user-1", lastEventId: null))
        {
            await ConfirmAsync("order-2", "user-1");
            await ConfirmAsync("order-of-another", "user-2");
            var told = await stream.NextAsync();
            told.Data.GetProperty("orderId").GetString().ShouldBe("order-2");
            last = told.EventId;
        }

        await ConfirmAsync("order-3", "user-1");
        await _bench.RestartAsync();
        await ConfirmAsync("order-4", "user-1");

        await using var again = await StreamAsync("user-1", last);
        (await again.NextAsync()).Data.GetProperty("orderId").GetString().ShouldBe("order-3");
        (await again.NextAsync()).Data.GetProperty("orderId").GetString().ShouldBe("order-4");
        (await _bench.As("user-1").SendAsync(Request("newest"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_open_stream_does_not_hold_up_the_end_of_the_process()
    {
        await using var stream = await StreamAsync("user-1", lastEventId: null);

        _bench.Process.Terminate();

        (await _bench.Process.ExitAsync(TimeSpan.FromSeconds(6))).ShouldBe(0);
    }

    [Theory]
    [InlineData("mail.before")]
    [InlineData("mail.after")]
    [InlineData("intent.before")]
    public async Task A_mail_is_written_once_wherever_the_process_dies(string failpoint)
    {
        await _bench.SendAsync("auth-service", new UserRegistered { UserId = "user-1", Email = "ada@example.org", Name = "Ada" });
        await _bench.RestartAsync(new Dictionary<string, string> { ["ARGOSY_FAILPOINT"] = failpoint });

        // The acknowledgement may be lost with the process: the sender would send again, and the inbox knows it.
        var news = BusPeer.Wrap("order-service", Confirmed("order-1", "user-1"));
        await IgnoringAsync(() => _bench.Bus.SendAsync(_bench.Address, "notification-service", "order-service", news));
        await _bench.Process.ExitAsync();
        await _bench.RestartAsync();
        await _bench.Bus.SendAsync(_bench.Address, "notification-service", "order-service", news);

        await Eventually.HoldsAsync(() => Mails().Length == 1, "the mail was written");
        var mail = Eml.Read(await File.ReadAllTextAsync(Mails()[0]));
        mail["To"].ShouldBe("Ada <ada@example.org>");
        (await PageAsync("user-1", "")).GetProperty("items").GetArrayLength().ShouldBe(1);
        await Eventually.HoldsAsync(() => Directory.GetFiles(MailFolder).Length == 1, "nothing else lies beside it");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(Mails()[0]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private string MailFolder => Path.Combine(_bench.DataFolder, "mail");

    private string[] Mails() => Directory.Exists(MailFolder) ? Directory.GetFiles(MailFolder, "*.eml") : [];

    private Task ConfirmAsync(string order, string user) => _bench.SendAsync("order-service", Confirmed(order, user));

    private static OrderConfirmed Confirmed(string order, string user) =>
        new() { OrderId = order, CustomerId = user, Total = new() { Amount = 2990, Currency = "EUR" }, TrackingNumber = "ARG1" };

    private async Task<JsonElement> PageAsync(string user, string query) => await _bench.As(user).GetFromJsonAsync<JsonElement>($"/api/v1/notifications{query}");

    private static HttpRequestMessage Request(string? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/notifications/stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return request;
    }

    private async Task<NewsStream> StreamAsync(string user, string? lastEventId) =>
        await NewsStream.OpenAsync(await _bench.As(user).SendAsync(Request(lastEventId), HttpCompletionOption.ResponseHeadersRead));

    private static async Task IgnoringAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (HttpRequestException)
        {
            // The process died under it, which is what the test is about.
        }
    }

    /// <summary>An open stream: its first heartbeat has come, so whatever is new from now on is told.</summary>
    private sealed class NewsStream(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> events) : IAsyncDisposable
    {
        public static async Task<NewsStream> OpenAsync(HttpResponseMessage response)
        {
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
            var events = SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator();
            (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
            events.Current.EventType.ShouldBe("heartbeat");
            return new NewsStream(response, events);
        }

        public async Task<(string? EventId, JsonElement Data)> NextAsync()
        {
            while (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)))
            {
                if (events.Current.EventType == "notification")
                {
                    return (events.Current.EventId, JsonDocument.Parse(events.Current.Data).RootElement);
                }
            }

            throw new InvalidOperationException("The stream has ended.");
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
