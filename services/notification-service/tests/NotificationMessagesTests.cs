using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Argosy.Notifications.Tests;

public sealed class NotificationMessagesTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-mail-").FullName;
    private MessageBench _bench = null!;
    private MailWorker _worker = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await MessageBench.OpenAsync("notification-service", typeof(Mail).Assembly, services =>
        {
            services.AddSingleton(new NotificationOptions(_folder, TimeSpan.FromDays(1)));
            services.AddSingleton<NotificationFeed>();
            services.AddSingleton<MailWorker>();
        }, typeof(NotificationMessages));
        _worker = _bench.Services.GetRequiredService<MailWorker>();
        await _worker.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.StopAsync(default);
        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_confirmation_is_noted_and_written_to_the_customer()
    {
        await RegisterAsync("user-1", "ada@example.org", "Ada");
        await ConfirmAsync("order-1", "user-1");

        await Eventually.HoldsAsync(() => Mails().Count == 1, "the mail was written");
        var mail = Eml.Read(Mails()[0]);
        mail["To"].ShouldBe("Ada <ada@example.org>");
        mail["Subject"].ShouldBe("Your order is confirmed");
        mail.Body.ShouldContain("Order: order-1\r\nTotal: 29.90 EUR\r\nTracking number: ARG1\r\n");
        (await _bench.ParkedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_same_news_under_another_id_is_no_news()
    {
        await RegisterAsync("user-1", "ada@example.org", "Ada");
        await ConfirmAsync("order-1", "user-1");
        await ConfirmAsync("order-1", "user-1");

        (await CountAsync("notification")).ShouldBe(1);
        await Eventually.HoldsAsync(async () => await StateAsync() == "sent", "the mail was sent");
        Mails().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_mail_waits_for_an_address_that_is_not_known_yet()
    {
        await ConfirmAsync("order-1", "user-1");
        await Eventually.HoldsAsync(async () => await StateAsync() == "waiting", "the mail waits");

        await RegisterAsync("user-1", "ada@example.org", "Ada");

        await Eventually.HoldsAsync(async () => await StateAsync() == "sent", "the mail was sent");
        Mails().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_mail_without_an_address_is_given_up_after_a_day()
    {
        await ConfirmAsync("order-1", "user-1");
        await Eventually.HoldsAsync(async () => await StateAsync() == "waiting", "the mail waits");

        await _bench.CommitAsync(work => work.Execute("update delivery set created = created - 86400000, due = due - 86400000", rows: 1));

        await Eventually.HoldsAsync(async () => await StateAsync() == "given-up", "the mail was given up");
        (await CountAsync("notification")).ShouldBe(1);
    }

    [Fact]
    public async Task An_address_that_is_none_is_given_up_at_once()
    {
        await RegisterAsync("user-1", "nobody", "Ada");
        await ConfirmAsync("order-1", "user-1");

        await Eventually.HoldsAsync(async () => await StateAsync() == "given-up", "the mail was given up");
        Mails().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_delays_the_mail()
    {
        await RegisterAsync("user-1", "ada@example.org", "Ada");
        Directory.Delete(_folder);
        await File.WriteAllTextAsync(_folder, "in the way");
        await ConfirmAsync("order-1", "user-1");
        await Eventually.HoldsAsync(async () => await _bench.Store.FirstOrDefaultAsync<long>("select attempts from delivery") > 0, "a try has failed");

        File.Delete(_folder);
        Directory.CreateDirectory(_folder);

        await Eventually.HoldsAsync(async () => await StateAsync() == "sent", "the mail was sent");
        Mails().Count.ShouldBe(1);
    }

    [Fact]
    public async Task Erasing_a_customer_takes_address_notifications_and_mails_and_nothing_brings_them_back()
    {
        await RegisterAsync("user-1", "ada@example.org", "Ada");
        await ConfirmAsync("order-1", "user-1");
        await Eventually.HoldsAsync(() => Mails().Count == 1, "the mail was written");

        await _bench.DeliverAsync(new UserErased { UserId = "user-1" });
        await Eventually.HoldsAsync(async () => await StateAsync() == "erased", "the mail was erased");
        await RegisterAsync("user-1", "ada@example.org", "Ada");
        await _bench.DeliverAsync(new OrderShipped { OrderId = "order-1", CustomerId = "user-1", TrackingNumber = "ARG1" });

        Mails().ShouldBeEmpty();
        (await CountAsync("notification")).ShouldBe(0);
        (await _bench.Store.FirstOrDefaultAsync<long>("select count(*) from recipient where email is not null or name is not null")).ShouldBe(0);
    }

    [Fact]
    public async Task Notifications_of_one_customer_are_numbered_without_gaps_however_many_come_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => ConfirmAsync($"order-{i}", $"user-{i % 2}"))));

        foreach (var user in new[] { "user-0", "user-1" })
        {
            (await _bench.Store.QueryAsync<long>("select seq from notification where user_id = @user order by seq", new { user })).ShouldBe(Enumerable.Range(1, 100).Select(i => (long)i));
        }

        (await _bench.ParkedAsync()).ShouldBeEmpty();
    }

    private Task RegisterAsync(string user, string email, string name) => _bench.DeliverAsync(new UserRegistered { UserId = user, Email = email, Name = name });

    private Task ConfirmAsync(string order, string user) => _bench.DeliverAsync(
        new OrderConfirmed { OrderId = order, CustomerId = user, Total = new() { Amount = 2990, Currency = "EUR" }, TrackingNumber = "ARG1" });

    private IReadOnlyList<string> Mails() => Directory.Exists(_folder) ? [.. Directory.GetFiles(_folder, "*.eml").Select(File.ReadAllText)] : [];

    private async Task<long> CountAsync(string table) => await _bench.Store.FirstOrDefaultAsync<long>($"select count(*) from {table}");

    private Task<string?> StateAsync() => _bench.Store.FirstOrDefaultAsync<string>("select state from delivery");
}
