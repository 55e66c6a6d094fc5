using System.Globalization;
using System.Net;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>A service with two instances behind the real gateway.</summary>
public sealed class InstanceTests
{
    [Fact]
    public async Task Requests_go_round_and_an_instance_that_is_down_costs_no_request()
    {
        await using var first = await Backend.StartAsync();
        var second = await Backend.StartAsync();
        await using var gateway = await StartAsync(first.Address, second.Address);
        for (var i = 0; i < 10; i++)
        {
            await OkAsync(gateway, i);
        }

        first.Arrivals.Count(IsOrder).ShouldBe(5);
        second.Arrivals.Count(IsOrder).ShouldBe(5);

        var port = second.Address.Port;
        await second.DisposeAsync();
        for (var i = 0; i < 10; i++)
        {
            await OkAsync(gateway, i);      // POSTs too: where nobody takes the connection, nothing has left
        }

        await using var back = await Backend.StartAsync(port: port);
        await Eventually.HoldsAsync(async () =>
        {
            await OkAsync(gateway, 0);
            return back.Arrivals.Any(IsOrder);
        }, "the instance that is back is asked again");
    }

    [Fact]
    public async Task An_instance_that_says_it_is_not_ready_is_left_out_until_it_is()
    {
        var ready = true;
        await using var steady = await Backend.StartAsync();
        await using var draining = await Backend.StartAsync(context =>
        {
            context.Response.StatusCode = !Volatile.Read(ref ready) && context.Request.Path == "/ready" ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var gateway = await StartAsync(steady.Address, draining.Address);

        Volatile.Write(ref ready, false);
        await Eventually.HoldsAsync(async () =>
        {
            var before = draining.Arrivals.Count(IsOrder);
            for (var i = 0; i < 4; i++)
            {
                await OkAsync(gateway, i);
            }

            return draining.Arrivals.Count(IsOrder) == before;
        }, "nothing goes to the one that is not ready");

        Volatile.Write(ref ready, true);
        var then = draining.Arrivals.Count(IsOrder);
        await Eventually.HoldsAsync(async () =>
        {
            await OkAsync(gateway, 0);
            return draining.Arrivals.Count(IsOrder) > then;
        }, "it is asked again");
    }

    [Fact]
    public async Task What_an_instance_refuses_to_everybody_is_refused_in_its_name_and_nothing_else()
    {
        await using var open = await Backend.StartAsync();
        await using var closed = await Backend.StartAsync(context =>
        {
            if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == "/orders")
            {
                context.Response.StatusCode = 503;
                context.Response.Headers["X-Closed-Ms"] = "1000";
            }

            return Task.CompletedTask;
        });
        await using var gateway = await StartAsync(open.Address, closed.Address);

        var unasked = await Eventually.HasAsync(async () =>
        {
            var before = closed.Arrivals.Count(IsOrder);
            var answer = await gateway.Http.PostAsync("/orders", new StringContent("a body"));
            answer.Headers.Contains("X-Closed-Ms").ShouldBeFalse("it is between us and the service");
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && closed.Arrivals.Count(IsOrder) == before ? answer : null;
        }, "the gateway answers for the instance");
        unasked.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(3, 6);
        (await unasked.Content.ReadAsStringAsync()).ShouldContain("temporary-reduced-capacity");

        // Every second one is the other instance's, and what has another path or method than the refused is passed on to both.
        var (taken, reads) = (open.Arrivals.Count(IsOrder) + 1, closed.Arrivals.Count(IsOrder));
        using (var others = await gateway.Http.PostAsync("/orders", new StringContent("a body")))
        {
            others.StatusCode.ShouldBe(HttpStatusCode.OK, "whatever the other one has said");
        }

        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Get, HttpMethod.Post, HttpMethod.Post, HttpMethod.Put, HttpMethod.Put })
        {
            using var request = new HttpRequestMessage(method, method == HttpMethod.Post ? "/orders/1/cancel" : "/orders");
            using var answer = await gateway.Http.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        open.Arrivals.Count(IsOrder).ShouldBe(taken + 3);
        closed.Arrivals.Count(IsOrder).ShouldBe(reads + 3);
        await Eventually.HoldsAsync(async () =>
        {
            var before = closed.Arrivals.Count(IsOrder);
            using var answer = await gateway.Http.PostAsync("/orders", new StringContent("a body"));
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && closed.Arrivals.Count(IsOrder) > before;
        }, "it is asked again once the time that it said is over");
        open.Arrivals.Count(IsOrder).ShouldBeGreaterThan(taken + 3, "the other one takes its own");
    }

    private static bool IsOrder(Arrival arrival) => arrival.Target.StartsWith("/orders", StringComparison.Ordinal);

    private static Task<ServiceProcess> StartAsync(Uri first, Uri second) =>
        GatewayBench.StartAsync($"orders={first},orders={second}", GatewayBench.Routes(("orders", "")));

    private static async Task OkAsync(ServiceProcess gateway, int i)
    {
        using var answer = i % 2 == 0
            ? await gateway.Http.GetAsync($"/orders/{i.ToString(CultureInfo.InvariantCulture)}")
            : await gateway.Http.PostAsync("/orders", new StringContent("a body"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
