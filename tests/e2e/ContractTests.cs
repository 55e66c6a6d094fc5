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
