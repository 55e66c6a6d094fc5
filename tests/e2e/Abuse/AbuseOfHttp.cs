using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>Requests that are not what they seem, or never end. Numbers are those of the list of abuse cases.</summary>
[Trait("on", "embedded")]
public sealed partial class AbuseOfHttp(Fleet fleet)
{
    private const string Mark = "forged-by-a-stranger";
    private const string ForgedTrace = "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0";

    // What services would believe if it came from the gateway.
    private static readonly Dictionary<string, string> Forged = new[]
    {
        "X-User-Id", "X-User-Roles", "X-Forwarded-User", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded", "X-Real-IP",
        "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Client-Cert", "X-Envoy-Original-Path", "baggage", "tracestate",
    }.ToDictionary(header => header, header => $"user={Mark};By=spiffe://argosy/gateway", StringComparer.Ordinal).Append(KeyValuePair.Create("traceparent", $"00-{ForgedTrace}-f0f0f0f0f0f0f0f0-01"))
        .ToDictionary(StringComparer.Ordinal);

    private Uri Gateway => fleet.AddressOf("gateway");

    [Fact]
    public async Task Case10_a_token_in_the_address_is_no_token_and_is_in_no_log()
    {
        var token = fleet.Admin.DefaultRequestHeaders.Authorization!.Parameter!;

        (await fleet.Gateway.GetAsync($"/api/v1/orders?access_token={token}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        foreach (var log in Directory.GetFiles(Path.Combine(fleet.Data, "logs")))
        {
            (await ReadAsync(log)).ShouldNotContain(token.Split('.')[2], Case.Sensitive, log);
        }
    }

    [Fact]
    public async Task Case16_a_body_that_is_too_large_is_refused_with_and_without_a_length()
    {
        var large = new string('x', 300 * 1024);
        using var declared = await fleet.Gateway.PostAsync("/api/v1/auth/login", new StringContent($$"""{"email":"{{large}}","password":"x"}""", Encoding.UTF8, "application/json"));
        declared.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/login") { Content = JsonContent.Create(new { email = large, password = "x" }), Headers = { TransferEncodingChunked = true } };
        (await fleet.Gateway.SendAsync(chunked)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Theory]
    [InlineData("deep")]
    [InlineData("long")]
    [InlineData("number")]
    [InlineData("name")]
    public async Task Case17_json_that_wants_more_than_its_size_is_refused(string kind)
    {
        var json = kind switch
        {
            "deep" => $"{{\"lines\":{new string('[', 10_000)}{new string(']', 10_000)}}}",
            "long" => $"{{\"lines\":[{string.Join(',', Enumerable.Repeat("1", 100_000))}]}}",
            "number" => $"{{\"lines\":{new string('9', 100_000)}}}",
            _ => $"{{\"{new string('n', 100_000)}\":1}}",
        };

        using var order = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orders") { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        order.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var answer = await fleet.Admin.SendAsync(order);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Case18_slow_clients_are_cut_off_and_others_do_not_notice()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var slow = new List<Socket>();
        for (var i = 0; i < 100; i++)
        {
            slow.Add(await RawHttp.ConnectAsync(Gateway, deadline.Token));
            await slow[i].SendAsync(Encoding.ASCII.GetBytes(i % 2 == 0
                ? "GET /api/v1/items HTTP/1.1\r\nHost: x\r\nX-Slow: "
                : $"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n{fleet.LoadHeader.Key}: {fleet.LoadHeader.Value}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"), deadline.Token);
        }

        for (var i = 0; i < 20; i++)
        {
            (await fleet.Gateway.GetAsync("/api/v1/items", deadline.Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        foreach (var socket in slow)
        {
            RawHttp.Status(await RawHttp.ReadAsync(socket, deadline.Token)).ShouldBeOneOf(0, 408);
            socket.Dispose();
        }
    }

    /// <summary>Slowloris, slow bodies and slow readers at once, by a tool that knows how; it asks all the while whether the service is still there.</summary>
    [Fact]
    public async Task Case18_slowhttptest_loses_every_connection_that_drips_and_never_finds_the_gateway_away()
    {
        var tool = await DebianTools.RequireAsync("slowhttptest", "slowhttptest");
        // The first two end by themselves when they have lost their last connection.
        string[] ways = ["-H -l 120 -u '{0}/api/v1/items'", "-B -l 120 -u '{0}/api/v1/auth/login' -s 8192 -x 10", "-X -l 25 -u '{0}/api/v1/items?limit=100' -k 3 -w 10 -y 20 -z 5 -n 2"];

        var runs = await Task.WhenAll(ways.Select(way => Launcher.BashAsync(
            TimeSpan.FromSeconds(180), $"'{tool}' {string.Format(CultureInfo.InvariantCulture, way, Gateway.ToString().TrimEnd('/'))} -c 250 -r 125 -i 2 -p 10 -v 1 2>&1")));

        foreach (var (way, run) in ways.Zip(runs))
        {
            var said = Colour().Replace(run.Output, "");
            var available = Available().Matches(said).Select(match => match.Groups[1].Value).ToList();
            available.ShouldContain("YES", $"{way}: {said}");
            available.ShouldNotContain("NO", $"{way}: {said}");
            // Who reads slowly has had its whole answer long ago, as far as we are concerned: the system keeps it. It has its place, and no more.
            said.ShouldContain(way.StartsWith("-X", StringComparison.Ordinal) ? "Hit test time limit" : "No open connections left", Case.Sensitive, $"{way}: {said}");
        }
    }

    [GeneratedRegex(@"\e\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colour();

    [GeneratedRegex(@"service available:\s*(YES|NO)")]
    private static partial Regex Available();

    [Fact]
    public async Task Case19_line_breaks_in_what_is_echoed_split_no_header()
    {
        foreach (var target in new[]
        {
            "/api/v1/items/%0d%0aX-Evil:%201", "/api/v1/items?after=%0d%0aX-Evil:%201", "/%0d%0aX-Evil:%201",
            "/connect/authorize?client_id=argosy&redirect_uri=http://127.0.0.1:1/callback&response_type=token&state=%0d%0aX-Evil:%201",
        })
        {
            var answer = await RawHttp.ExchangeAsync(Gateway, $"GET {target} HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: a%0d%0aX-Evil: 1\r\nConnection: close\r\n\r\n");
            answer.ShouldNotContain("\nX-Evil", Case.Insensitive, target);
            RawHttp.Status(answer).ShouldBeLessThan(500, target);
        }

        RawHttp.Status(await RawHttp.ExchangeAsync(Gateway, "GET /api/v1/items HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: a\0b\r\nConnection: close\r\n\r\n")).ShouldBe(400);
    }

    [Theory]
    [InlineData("/api/orders/..%2f..%2fadmin/sagas")]
    [InlineData("/api/orders/%2e%2e/%2e%2e/admin/sagas")]
    [InlineData("/api/orders/%252e%252e/%252e%252e/admin/sagas")]
    [InlineData("/api/orders/..;/..;/admin/sagas")]
    [InlineData("/api/orders//admin/sagas")]
    [InlineData("//admin/sagas")]
    [InlineData("/api/orders/..\\..\\admin/sagas")]
    [InlineData("/api/orders/%5c..%5c..%5cadmin/sagas")]
    [InlineData("/admin/sagas")]
    [InlineData("/api/v1/orders/../../admin/sagas")]
    [InlineData("http://127.0.0.1:5104/admin/sagas")]
    [InlineData("/api/v1/orders/x%00/../../admin/sagas")]
    public async Task Case20_no_spelling_of_a_path_leads_where_none_is_listed(string target)
    {
        var answer = await RawHttp.ExchangeAsync(
            Gateway, $"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fleet.Admin.DefaultRequestHeaders.Authorization!.Parameter}\r\nConnection: close\r\n\r\n");

        RawHttp.Status(answer).ShouldBeOneOf(400, 404);
        answer.ShouldNotContain("\"items\"");
    }

    [Theory]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/items HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nGET /api/v1/items HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhelloX")]
    [InlineData("Content-Length: 5x\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5;ext\nhello\r\n0\r\n\r\n")]     // CVE-2025-55315: a bare line feed in a chunk's extension
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n")]
    public async Task Case21_a_body_whose_end_is_in_doubt_is_refused_and_the_connection_closed(string rest)
    {
        foreach (var address in new[] { Gateway, fleet.AddressOf("auth-service") })
        {
            var answer = await RawHttp.ExchangeAsync(address, $"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n{fleet.LoadHeader.Key}: {fleet.LoadHeader.Value}\r\nContent-Type: application/json\r\n{rest}");

            RawHttp.Status(answer).ShouldBeOneOf([400, 501], answer);
            RawHttp.Answers(answer).ShouldBe(1, "what followed was not taken for a request");
        }
    }

    [Fact]
    public async Task Case22_nobody_is_upgraded_and_nobody_names_headers_that_are_to_go()
    {
        var upgrade = await RawHttp.ExchangeAsync(Gateway, "GET /api/v1/items HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        RawHttp.Status(upgrade).ShouldBe(200);
        var prior = await RawHttp.ExchangeAsync(Gateway, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        prior.ShouldNotContain("HTTP/1.1 2");

        // What a Connection header names goes no further: with the token gone, nobody is known behind the gateway. HTTP/1.0 closes by itself:
        // beside "close" the server does not show what else was named.
        foreach (var (named, status) in new[] { ("X-Nothing", 200), ("Authorization", 401) })
        {
            var answer = await RawHttp.ExchangeAsync(
                Gateway, $"GET /api/v1/orders HTTP/1.0\r\nHost: x\r\nConnection: {named}\r\nAuthorization: Bearer {fleet.Admin.DefaultRequestHeaders.Authorization!.Parameter}\r\n\r\n");
            RawHttp.Status(answer).ShouldBe(status, named);
        }
    }

    [Fact]
    public async Task Case23_nobody_becomes_somebody_by_a_header()
    {
        foreach (var (header, value) in Forged)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orders");
            request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue();
            (await fleet.Gateway.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, header);
        }
    }

    [Fact]
    public async Task Case23_what_a_stranger_says_of_who_they_are_and_whose_trace_it_is_reaches_no_service()
    {
        await using var service = Listening.Start();
        await using var gateway = await ServiceProcess.Start(Launcher.DllOf("Gateway"), new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = ServiceProcess.FreePort().ToString(CultureInfo.InvariantCulture),
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["RATE_LIMITS"] = "off",
            ["API_ROUTES"] = Path.Combine(Launcher.Root, "infrastructure", "istio", "api-routes.yaml"),
            ["SERVICE_ENDPOINTS"] = string.Join(',', Contracts.Services.Where(name => name != "gateway").Select(name => $"{name}={service.Address}")),
        }).ReadyAsync();
        foreach (var path in new[] { "/api/v1/orders", "/api/v1/items", "/api/v1/users/me", "/api/v1/payments", "/api/v1/shipments", "/api/v1/notifications", "/connect/userinfo" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            foreach (var (header, value) in Forged)
            {
                request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue();
            }

            (await gateway.Http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }

        service.Heads.Count.ShouldBe(7);
        foreach (var head in service.Heads)
        {
            head.ShouldNotContain(Mark, Case.Insensitive);
            head.ShouldNotContain(ForgedTrace, Case.Insensitive);
            head.ShouldContain("X-Forwarded-For: 127.0.0.1\r\n");         // what the gateway has seen itself
            head.ShouldContain("traceparent: 00-");
        }
    }

    [Fact]
    public async Task Case23_a_forged_trace_is_continued_by_nobody()
    {
        var customer = await fleet.CustomerAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orders") { Content = JsonContent.Create(Orders.Body(await fleet.ItemAsync(stock: 1))) };
        foreach (var (header, value) in Forged.Append(KeyValuePair.Create("Idempotency-Key", Guid.NewGuid().ToString())))
        {
            request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue();
        }

        using var placed = await customer.SendAsync(request);
        var order = (await placed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        await customer.BecomesAsync(order, "confirmed");
        await Eventually.HoldsAsync(
            () => fleet.Collector.Spans.Any(span => span.Service == "notification-service" && span.Tags.GetValueOrDefault("messaging.message.conversation_id") == order),
            "the last of the order's services has told of it", TimeSpan.FromSeconds(30));

        fleet.Collector.Spans.ShouldNotContain(span => span.TraceId == ForgedTrace);
        fleet.Collector.Has("traces", Mark).ShouldBeFalse();
    }

    [Fact]
    public async Task Case24_another_X_Forwarded_For_each_time_is_still_one_caller()
    {
        // From an address of its own, whose quota nobody else needs.
        using var stranger = Elsewhere.At("127.0.0.2", Gateway);
        var answers = await Task.WhenAll(Enumerable.Range(0, 15).Select(async i =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/login") { Content = JsonContent.Create(new { email = $"{Guid.NewGuid():N}@example.com", password = "guess" }) };
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", $"203.0.113.{i}").ShouldBeTrue();
            return await stranger.SendAsync(request);
        }));

        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        refused.Count.ShouldBeGreaterThanOrEqualTo(3);
        refused.ShouldAllBe(answer => answer.Headers.RetryAfter != null);
        refused[0].Headers.GetValues("RateLimit").ShouldHaveSingleItem().ShouldContain("\"strict\";r=0");
    }

    private static async Task<string> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }
}
