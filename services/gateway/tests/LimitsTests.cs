using System.Net;
using System.Text;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

public sealed class LimitsTests(PublicGateway bench) : IClassFixture<PublicGateway>
{
    private const int Limit = 256 * 1024;

    [Fact]
    public async Task A_body_of_256_KB_passes_and_a_longer_one_is_413_without_anybody_being_asked()
    {
        using var most = await bench.Gateway.Http.PostAsync("/api/orders", new ByteArrayContent(new byte[Limit]));
        most.StatusCode.ShouldBe(HttpStatusCode.OK);

        var before = bench.Backend.Arrivals.Count;
        using var more = await bench.Gateway.Http.PostAsync("/api/orders", new ByteArrayContent(new byte[Limit + 1]));
        more.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await more.Content.ReadAsStringAsync()).ShouldContain("urn:argosy:problem:body.too-large");
        bench.Backend.Arrivals.Count.ShouldBe(before);
    }

    [Fact]
    public async Task A_chunked_body_is_cut_at_the_same_length()
    {
        var chunk = $"10000\r\n{new string('x', 65536)}\r\n";
        var answer = await Wire.ExchangeAsync(bench.Port, Post("Transfer-Encoding: chunked", string.Concat(Enumerable.Repeat(chunk, 5)) + "0\r\n\r\n"));
        Wire.Status(answer).ShouldBe(413);
        answer.ShouldContain("urn:argosy:problem:body.too-large");
    }

    /// <summary>Row 21 of the abuse cases: 400, and the connection is closed with whatever else is in it.</summary>
    [Theory]
    [InlineData("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /api/items HTTP/1.1\r\nHost: smuggled\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked", "0\r\n\r\n")]
    [InlineData("Content-Length: 4\r\nContent-Length: 5", "abcd")]
    [InlineData("Content-Length: -1", "")]
    [InlineData("Content-Length: 1_0", "")]
    [InlineData("Transfer-Encoding: chunked", "2;a\nxx\r\n45\r\nab\r\n0\r\n\r\nGET /api/items HTTP/1.1\r\nHost: smuggled\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "zz\r\n")]
    public async Task A_request_with_two_ends_is_400_and_the_last_on_its_connection(string framing, string body)
    {
        var answer = await Wire.ExchangeAsync(bench.Port, Post(framing, body));
        Wire.Status(answer).ShouldBe(400);
        answer.Split("HTTP/1.1 ").Length.ShouldBe(2, answer);
        bench.Backend.Arrivals.ShouldNotContain(a => a.Method == "GET");
    }

    [Theory]
    [InlineData("GET /api/items HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n", 400)]
    [InlineData("GET /api/items HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n", 400)]
    [InlineData("GET /api/items HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET /api/items HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /api/items HTTP/1.1\r\nHost: a\r\n X-A: folded\r\n\r\n", 400)]
    [InlineData("GET /api/items HTTP/3.0\r\nHost: a\r\n\r\n", 505)]
    public async Task What_is_no_HTTP_is_refused_and_the_connection_closed(string request, int status)
        => Wire.Status(await Wire.ExchangeAsync(bench.Port, request)).ShouldBe(status);

    [Fact]
    public async Task Headers_and_the_request_line_have_a_limit()
    {
        Wire.Status(await Wire.GetAsync(bench.Port, "/api/items", $"X-Long: {new string('a', 17_000)}\r\n")).ShouldBe(431);
        Wire.Status(await Wire.GetAsync(bench.Port, "/api/items", string.Concat(Enumerable.Range(0, 70).Select(i => $"X-{i}: a\r\n")))).ShouldBe(431);
        Wire.Status(await Wire.GetAsync(bench.Port, "/api/items/" + new string('a', 9_000))).ShouldBe(414);
    }

    [Fact]
    public async Task A_body_that_breaks_off_reaches_nobody_as_a_whole_one()
    {
        using (var client = new System.Net.Sockets.TcpClient("127.0.0.1", bench.Port))
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("POST /api/v1/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it"));
        }

        await Argosy.Testing.Eventually.HoldsAsync(
            () => bench.Gateway.Output.Any(line => line.Contains("POST payments", StringComparison.Ordinal)), "the request has ended");
        bench.Backend.Arrivals.ShouldNotContain(a => a.Target == "/api/v1/payments" && a.Body.StartsWith("half", StringComparison.Ordinal));
    }

    private static string Post(string framing, string body) => $"POST /api/orders HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}";
}
