using Argosy.Mesh.Routing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Mesh.Tests;

/// <summary>The table in infrastructure/istio/api-routes.yaml.</summary>
public class PublicRoutesTests
{
    private static readonly RouteTable Table = Routes.Public();

    [Theory]
    [InlineData("/api/v1/auth/login", "auth-service", "/api/v1/auth/login")]
    [InlineData("/api/v1/users/me", "user-service", "/api/v1/users/me")]
    [InlineData("/api/v1/items", "inventory-service", "/api/v1/items")]
    [InlineData("/api/v1/orders/7/cancel", "order-service", "/api/v1/orders/7/cancel")]
    [InlineData("/api/v1/payments", "payment-service", "/api/v1/payments")]
    [InlineData("/api/v1/shipments/7", "shipping-service", "/api/v1/shipments/7")]
    [InlineData("/api/v1/notifications", "notification-service", "/api/v1/notifications")]
    [InlineData("/api/auth/login", "auth-service", "/api/v1/auth/login")]
    [InlineData("/api/users/me", "user-service", "/api/v1/users/me")]
    [InlineData("/api/items/A-1", "inventory-service", "/api/v1/items/A-1")]
    [InlineData("/api/orders", "order-service", "/api/v1/orders")]
    [InlineData("/api/orders/", "order-service", "/api/v1/orders/")]
    [InlineData("/api/orders/api/7", "order-service", "/api/v1/orders/api/7")]
    [InlineData("/api/payments/7", "payment-service", "/api/v1/payments/7")]
    [InlineData("/api/shipments", "shipping-service", "/api/v1/shipments")]
    [InlineData("/api/notifications", "notification-service", "/api/v1/notifications")]
    [InlineData("/connect/token", "auth-service", "/connect/token")]
    [InlineData("/.well-known/openid-configuration", "auth-service", "/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server", "auth-service", "/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/jwks.json", "auth-service", "/.well-known/jwks.json")]
    public void What_is_public_reaches_its_service(string path, string host, string forwarded)
    {
        var decision = Table.Evaluate(new RequestView("127.0.0.1:8080", "GET", path));
        decision.Rule.ShouldNotBeNull().Route.Destination.Host.ShouldBe(host);
        decision.Rule.Route.Timeout.ShouldBe(TimeSpan.FromSeconds(10));
        decision.Path.ShouldBe(forwarded);
    }

    [Theory]
    [InlineData("/api/v1/orders/7/stream", "/api/v1/orders/7/stream")]
    [InlineData("/api/orders/7/stream", "/api/v1/orders/7/stream")]
    [InlineData("/api/v1/notifications/stream", "/api/v1/notifications/stream")]
    [InlineData("/api/notifications/stream", "/api/v1/notifications/stream")]
    public void A_stream_may_last(string path, string forwarded)
    {
        var decision = Table.Evaluate(new RequestView("127.0.0.1:8080", "GET", path));
        decision.Rule.ShouldNotBeNull().Route.Timeout.ShouldBeNull();
        decision.Path.ShouldBe(forwarded);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/v1")]
    [InlineData("/api/v2/orders")]
    [InlineData("/api/ordersX")]
    [InlineData("/api/v1/ordersX")]
    [InlineData("/api/v1/stock")]
    [InlineData("/bus/v1/events")]
    [InlineData("/admin/dead-letters")]
    [InlineData("/webhooks/stripe")]
    [InlineData("/metrics")]
    [InlineData("/ready")]
    [InlineData("/connect")]
    [InlineData("/connected")]
    [InlineData("/.well-known/jwks.jsonX")]
    [InlineData("/.well-known/")]
    [InlineData("/API/v1/orders")]
    public void What_is_not_listed_goes_nowhere(string path)
        => Table.Evaluate(new RequestView("127.0.0.1:8080", "GET", path)).Rule.ShouldBeNull();

    [Fact]
    public void No_target_however_written_reaches_anything_unlisted()
    {
        var routed = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(50_000), Prop.ForAll(Paths.Nasty, raw =>
        {
            if (!RequestTarget.TryParse(raw, out var target, out _)
                || Table.Evaluate(new RequestView("h", "GET", target.Path)) is not { Rule: { } rule } decision)
            {
                return true;
            }

            routed++;

            // As the most generous server would read it: decoded twice, slashes merged, dots resolved.
            var seen = new Uri("http://h" + Uri.UnescapeDataString(Uri.UnescapeDataString(decision.Path)).Replace("//", "/", StringComparison.Ordinal)).AbsolutePath;
            return Listed(rule.Route.Destination.Host).Any(listed => seen == listed.TrimEnd('/') || (listed[^1] == '/' && seen.StartsWith(listed, StringComparison.Ordinal)));
        }));
        routed.ShouldBeGreaterThan(1_000);
    }

    private static string[] Listed(string host) => host switch
    {
        "auth-service" => ["/api/v1/auth/", "/connect/", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"],
        "user-service" => ["/api/v1/users/"],
        "inventory-service" => ["/api/v1/items/"],
        "order-service" => ["/api/v1/orders/"],
        "payment-service" => ["/api/v1/payments/"],
        "shipping-service" => ["/api/v1/shipments/"],
        "notification-service" => ["/api/v1/notifications/"],
        _ => [],
    };
}
