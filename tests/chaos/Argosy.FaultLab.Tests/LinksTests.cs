using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>Which addresses become those of proxies.</summary>
public sealed class LinksTests
{
    [Fact]
    public async Task Every_process_reaches_every_other_through_a_proxy_of_its_own_and_itself_without()
    {
        const string Everybody = "gateway=http://127.0.0.1:11001,order-service=http://127.0.0.1:11002,postgresql=http://127.0.0.1:11003";
        var (links, plans) = Links.Through(
        [
            Plan("gateway", 11001, ("SERVICE_ENDPOINTS", Everybody), ("JWT_ISSUER", "http://127.0.0.1:11001")),
            Plan("order-service", 11002, ("SERVICE_ENDPOINTS", Everybody), ("DATABASE_URL", "postgresql://order:secret@127.0.0.1:11003/order"), ("RABBITMQ_URL", null)),
            Plan("postgresql", 11003) with { IsEngine = true },
        ]);
        await using (links)
        {
            string Port(string from, string to) => $"127.0.0.1:{links.All[new LinkName(from, to)].Port}";

            plans[0].Environment["SERVICE_ENDPOINTS"].ShouldBe($"gateway=http://127.0.0.1:11001,order-service=http://{Port("gateway", "order-service")},postgresql=http://{Port("gateway", "postgresql")}");
            plans[0].Environment["JWT_ISSUER"].ShouldBe("http://127.0.0.1:11001", "it is compared, and never called");
            plans[1].Environment["DATABASE_URL"].ShouldBe($"postgresql://order:secret@{Port("order-service", "postgresql")}/order");
            plans[1].Environment["RABBITMQ_URL"].ShouldBeNull();
            links.All.Keys.Select(link => $"{link}").Order(StringComparer.Ordinal).ShouldBe(
                ["clients→gateway", "gateway→order-service", "gateway→postgresql", "order-service→gateway", "order-service→postgresql"]);
            links.Door.Port.ShouldBe(links.All[new LinkName(Links.Clients, "gateway")].Port);
        }
    }

    private static ProcessPlan Plan(string name, int port, params (string Name, string? Value)[] environment) =>
        new(name, ["none"], port, "none", environment.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal));
}
