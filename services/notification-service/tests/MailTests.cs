using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Notifications.Tests;

public sealed class MailTests
{
    private const string Id = "019415f0-0000-7000-8000-000000000001";
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));
    private static readonly string[] Expected =
        ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Auto-Submitted"];

    [Fact]
    public void A_mail_is_what_it_looks_like_on_the_wire() => Compose("Ada Lovelace", "Your order is confirmed", "Thank you.\n\nOrder: 1").ShouldBe(
        """
        From: Argosy <orders@argosy.local>
        To: Ada Lovelace
         <ada@example.org>
        Subject: Your order is confirmed
        Date: Fri, 02 Jan 2026 01:04:05 +0000
        Message-ID: <019415f0-0000-7000-8000-000000000001@argosy.local>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 8bit
        Auto-Submitted: auto-generated

        Hello Ada Lovelace,

        Thank you.

        Order: 1

        Warm regards,
        Argosy

        """.ReplaceLineEndings("\r\n"));

    [Theory]
    [InlineData("Zoë Şahin", "Zoë Şahin")]
    [InlineData("王小明", "王小明")]
    [InlineData("Ada\r\nBcc: everybody@example.org", "Ada Bcc: everybody@example.org")]
    [InlineData("Ada\n\nClick here", "Ada Click here")]
    [InlineData("Ada\u2028Subject: x", "Ada Subject: x")]
    [InlineData("\"Ada\" <evil@example.org>,", "\"Ada\" <evil@example.org>,")]
    [InlineData("=?utf-8?B?QWRh?=", "=?utf-8?B?QWRh?=")]
    [InlineData("  ", "")]
    [InlineData(null, "")]
    public void A_name_stays_a_name_whatever_is_in_it(string? name, string read)
    {
        var mail = Eml.Read(Compose(name, "Subject", "Text")!);

        mail["To"].ShouldBe(read.Length == 0 ? "ada@example.org" : $"{read} <ada@example.org>");
        mail.Headers.Select(header => header.Name).ShouldBe(Expected);
        mail.Body.ShouldStartWith(read.Length == 0 ? "Hello,\r\n\r\n" : $"Hello {read},\r\n\r\n");
    }

    [Fact]
    public void No_name_subject_or_text_makes_another_header() => Property.Holds(
        ArbMap.Default.ArbFor<(string Name, string Subject, string Text)>(),
        x => Eml.Read(Compose(x.Name, x.Subject ?? "", x.Text ?? "")!).Headers.Select(header => header.Name).ShouldBe(Expected), 2_000);

    [Theory]
    [InlineData("ada@example.org\r\nBcc: x@example.org")]
    [InlineData("ada@example.org, eve@example.org")]
    [InlineData("<ada@example.org>")]
    [InlineData("ada")]
    [InlineData("")]
    [InlineData("ada@@example.org")]
    public void An_address_that_is_none_gets_no_mail(string email) => Mail.Compose(Id, email, "Ada", "Subject", "Text", At).ShouldBeNull();

    [Fact]
    public void Long_lines_are_wrapped_between_words_and_endless_words_are_cut()
    {
        var mail = Eml.Read(Compose("Ada", "Subject", string.Join(' ', Enumerable.Repeat("harbour", 60)) + "\n" + new string('x', 5000))!);

        mail.Body.Split("\r\n").Where(line => line.Contains("harbour", StringComparison.Ordinal)).ShouldAllBe(line => line.Length <= 76 && !line.EndsWith(' '));
        mail.Body.Count(c => c == 'x').ShouldBe(5000);
    }

    [Theory]
    [InlineData(1999, "EUR", "19.99 EUR")]
    [InlineData(5, "EUR", "0.05 EUR")]
    [InlineData(1200, "JPY", "1200 JPY")]
    [InlineData(12345, "KWD", "12.345 KWD")]
    [InlineData(9_007_199_254_740_993, "EUR", "90071992547409.93 EUR")]
    public void An_amount_has_its_currencys_digits(long amount, string currency, string text) => Amounts.Text(amount, currency).ShouldBe(text);

    [Fact]
    public void A_customers_reason_stays_on_its_line() =>
        Texts.OrderCancelled("order-1", "changed my mind\r\n\r\nTracking number: 1").Text.ShouldEndWith("Reason: changed my mind Tracking number: 1");

    private static string? Compose(string? name, string subject, string text) => Mail.Compose(Id, "ada@example.org", name, subject, text, At);
}
