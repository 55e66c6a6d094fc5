using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>
/// Each service's <c>api.yaml</c> is what it serves. After a wanted change run this with <c>ARGOSY_ACCEPT_CONTRACTS=1</c>, read what
/// changed, and commit the files.
/// </summary>
[Trait("on", "embedded")]
public sealed class ContractTests(Fleet fleet)
{
    private static bool Accepts => Environment.GetEnvironmentVariable("ARGOSY_ACCEPT_CONTRACTS") == "1";

    // Opening a route is a decision, and this is where it shows. Of each service also health, readiness and metrics.
    private static readonly string[] OpenToAnybody =
    [
        "auth-service GET /.well-known/jwks.json", "auth-service GET /.well-known/oauth-authorization-server", "auth-service GET /.well-known/openid-configuration",
        "auth-service POST /api/v1/auth/login", "auth-service POST /api/v1/auth/register",
        "auth-service GET /connect/authorize", "auth-service POST /connect/authorize", "auth-service POST /connect/introspect", "auth-service POST /connect/revocation", "auth-service POST /connect/token",
        "auth-service POST /internal/api-keys/token",
        "gateway GET /docs", "gateway GET /docs/openapi.json", "gateway GET /docs/{file}",
        "inventory-service GET /api/v1/items", "inventory-service GET /api/v1/items/{sku}",
        "payment-service POST /webhooks/stripe",
    ];

    [Fact]
    public void Nothing_is_open_to_anybody_but_what_is_listed_here() =>
        Contracts.Operations().Where(operation => operation.Callers == "anybody" && operation.Path is not ("/health" or "/ready" or "/metrics")).Select(operation => operation.ToString())
            .ShouldBe(OpenToAnybody, ignoreOrder: true);

    [Fact]
    public void Names_of_operations_are_unique_within_a_service() =>
        Contracts.Operations().GroupBy(operation => $"{operation.Service} {operation.Description["operationId"]}").Where(same => same.Count() > 1).Select(same => same.Key).ShouldBeEmpty();

    [Fact]
    public async Task Every_service_serves_the_contract_that_is_written_down()
    {
        foreach (var service in Contracts.Services)
        {
            var served = await fleet.Gateway.GetStringAsync(new Uri(fleet.AddressOf(service), "/openapi/v1.yaml"));
            if (Accepts)
            {
                await File.WriteAllTextAsync(Contracts.FileOf(service), served);
            }

            served.ReplaceLineEndings("\n").ShouldBe((await File.ReadAllTextAsync(Contracts.FileOf(service))).ReplaceLineEndings("\n"), service);
        }
    }
}
