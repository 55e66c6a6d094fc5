using System.Net.Http.Json;
using Argosy.Chassis.Hosting;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Http;

public sealed class PagingTests
{
    [Fact]
    public void Walking_the_pages_sees_every_item_once_in_order() => Property.Holds(
        (from count in Gen.Choose(0, 250) from limit in Gen.Choose(1, 100) select (count, limit)).ToArbitrary(),
        x =>
        {
            var all = Enumerable.Range(0, x.count).Select(n => $"é-{n:D4}").ToList();
            var seen = new List<string>();
            string? cursor = null;
            do
            {
                Paging.Parse(x.limit.ToString(), cursor, out var paging).ShouldBeNull();
                var rows = all.Where(r => string.CompareOrdinal(r, paging.After ?? "") > 0).Take(paging.Take).ToList();
                var page = paging.Of(rows, r => r, r => r);
                page.Items.Count.ShouldBeLessThanOrEqualTo(x.limit);
                seen.AddRange(page.Items);
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            seen.ShouldBe(all);
        },
        count: 200);

    [Fact]
    public void Whatever_a_client_sends_as_a_cursor_is_a_key_or_a_refusal() => Property.Holds(
        ArbMap.Default.ArbFor<string?>(),
        cursor =>
        {
            var problem = Paging.Parse(null, cursor, out var paging);
            if (problem is null && !string.IsNullOrEmpty(cursor))
            {
                Paging.Encode(paging.After!).ShouldBe(cursor);
            }
            else
            {
                problem?.Status.ShouldBe(400);
            }
        },
        count: 2000);

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("many")]
    [InlineData("99999999999999999999")]
    public void A_limit_is_from_1_to_100(string limit) =>
        Paging.Parse(limit, null, out _).ShouldNotBeNull().Errors.ShouldNotBeNull()["limit"].ShouldBe([$"must be a number from 1 to 100, and is '{limit}'"]);

    [Theory]
    [InlineData("7\r\nX: \"y\"", "7??X: ?y?")]
    [InlineData("a\\bé", "a?b?")]
    public void What_a_client_sent_is_shown_without_what_could_be_anything_else(string text, string shown) => CallersText.Shown(text).ShouldBe(shown);

    [Fact]
    public void What_a_client_sent_is_shown_shortened() => CallersText.Shown(new string('9', 41)).ShouldBe($"{new string('9', 40)}…");

    [Fact]
    public async Task An_endpoint_takes_paging_and_preconditions_as_parameters()
    {
        await using var host = await ProcessHost.StartAsync(app =>
        {
            app.MapGet("/list", (Paging paging) => Results.Ok(paging.Of(["a", "b"], r => r, r => r)));
            app.MapPut("/thing", (IfMatch match) => match.Check(3) is { } problem ? problem.ToResult() : Results.NoContent().WithETag(4));
        });

        (await host.Client.GetStringAsync("/list")).ShouldBe("""{"items":["a","b"],"nextCursor":null}""");
        (await host.Client.GetStringAsync("/list?limit=1")).ShouldBe("""{"items":["a"],"nextCursor":"YQ"}""");
        (await Shown.OfAsync(await host.Client.GetAsync("/list?limit=0&cursor=!"))).Error("cursor").ShouldContain("nextCursor");

        (await Shown.OfAsync(await PutAsync(host, null))).Status.ShouldBe(428);
        var changed = await Shown.OfAsync(await PutAsync(host, "\"2\""));
        (changed.Status, changed.Detail).ShouldBe((412, "It has changed since it was read: its ETag is \"3\" now. Read it again and decide anew."));
        (await Shown.OfAsync(await PutAsync(host, "W/\"3\""))).Status.ShouldBe(412);
        (await Shown.OfAsync(await PutAsync(host, "3"))).Status.ShouldBe(400);
        (await PutAsync(host, "\"2\", \"3\"")).Headers.ETag!.Tag.ShouldBe("\"4\"");
        ((int)(await PutAsync(host, "*")).StatusCode).ShouldBe(204);
    }

    private static Task<HttpResponseMessage> PutAsync(ProcessHost host, string? match)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/thing") { Content = JsonContent.Create(1) };
        if (match is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", match);
        }

        return host.Client.SendAsync(request);
    }
}
