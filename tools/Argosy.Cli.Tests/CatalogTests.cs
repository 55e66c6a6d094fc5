using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class CatalogTests : IDisposable
{
    private readonly Repository _repository = new(Directory.CreateTempSubdirectory("argosy-test-").FullName);

    public CatalogTests()
    {
        AddProject("tools/payment-provider", "PaymentProvider");
        AddService("gateway", "Gateway", 8080, "[]");
        AddService("order-service", "OrderService", 5104, "[argosy.inventory.v1.StockReserved]");
    }

    public void Dispose() => Directory.Delete(_repository.Root, recursive: true);

    [Fact]
    public void Names_ports_and_projects_come_from_the_services_own_files_and_the_provider_stands_beside_them() =>
        Catalog.Read(_repository).ShouldBe(
        [
            new CatalogEntry("gateway", "Gateway", 8080, false),
            new CatalogEntry("order-service", "OrderService", 5104, true),
            new CatalogEntry("payment-provider", "PaymentProvider", 5190, false),
        ]);

    [Fact]
    public void A_file_without_a_port_is_refused_with_its_name()
    {
        File.WriteAllText(FileOf("gateway"), "metadata: {name: gateway}\nspec: {argosy: {}}\n");

        Should.Throw<Refusal>(() => Catalog.Read(_repository)).Message.ShouldStartWith(FileOf("gateway"));
    }

    [Fact]
    public void A_file_that_is_no_yaml_is_refused_with_its_line()
    {
        File.WriteAllText(FileOf("gateway"), "metadata:\n  description: one: two\n");

        Should.Throw<Refusal>(() => Catalog.Read(_repository)).Message.ShouldStartWith(FileOf("gateway") + ":2");
    }

    [Fact]
    public void A_service_that_is_not_built_is_an_error_that_says_what_to_do()
    {
        var data = new DataFolder(Path.Combine(_repository.Root, ".argosy"));
        data.Create();
        var instances = ServiceInstance.Of(Catalog.Read(_repository), null);
        var contract = new RuntimeContract(_repository, data, Keys.Ensure(data, []), instances, Ports.Usual(instances), EngineSet.None);

        Should.Throw<Refusal>(contract.Plans).Message.ShouldContain("gateway isn't built");
    }

    [Fact]
    public void Every_process_is_told_where_the_others_are_and_only_its_own_secrets()
    {
        foreach (var project in new[] { "Gateway", "OrderService", "PaymentService", "PaymentProvider" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_repository.Assembly(project))!);
            File.WriteAllText(_repository.Assembly(project), "");
        }

        var data = new DataFolder(Path.Combine(_repository.Root, ".argosy"));
        data.Create();
        AddService("payment-service", "PaymentService", 5105, "[]");
        var instances = ServiceInstance.Of(Catalog.Read(_repository), "order-service=2");
        var ports = Ports.Usual(instances);
        var keys = Keys.Ensure(data, ["order-service"]);

        var plans = new RuntimeContract(_repository, data, keys, instances, ports, EngineSet.None).Plans().ToDictionary(p => p.Name, StringComparer.Ordinal);

        var order = plans["order-service"].Environment;
        order["SERVICE_ENDPOINTS"].ShouldBe(
            $"gateway=http://127.0.0.1:8080,order-service=http://127.0.0.1:5104,order-service=http://127.0.0.1:{ports["order-service-2"]},payment-service=http://127.0.0.1:5105,payment-provider=http://127.0.0.1:5190");
        plans["order-service-2"].Environment["SERVICE_NAME"].ShouldBe("order-service");
        plans["order-service-2"].Folder.ShouldBe(plans["order-service"].Folder, "instances share what their service keeps");
        order["DATABASE_URL"].ShouldBe($"sqlite:{data.Root}/services/order-service/order-service.db");
        order["JWT_ISSUER"].ShouldBe("http://127.0.0.1:8080");
        order["ARGOSY_EXIT_WITH_STDIN"].ShouldBe("1");
        order.Keys.ShouldNotContain("STRIPE_API_KEY");
        plans["gateway"].Environment["API_ROUTES"].ShouldBe(_repository.Routes);
        plans["gateway"].Environment["API_LIMITS"].ShouldBe(_repository.Limits);
        plans["gateway"].Environment["RATE_LIMITS"].ShouldBe("on");
        plans["gateway"].Environment["CLIENT_KEYS"].ShouldBe(keys.ClientsFolder);
        var unlimited = new RuntimeContract(_repository, data, keys, instances, ports, EngineSet.None, noLimits: true).Plans();
        unlimited.Single(plan => plan.Name == "gateway").Environment["RATE_LIMITS"].ShouldBe("off");
        plans["payment-provider"].Environment["PROVIDER_API_KEY"].ShouldBe(keys.ProviderApiKey);
        plans["payment-provider"].Environment["PROVIDER_WEBHOOK_URL"].ShouldBe("http://127.0.0.1:5105/webhooks/stripe");
    }

    [Theory]
    [InlineData("order-service", "'order-service', and takes NAME=COUNT")]
    [InlineData("order-service=0", "'order-service=0', and takes NAME=COUNT with a count from 1 to 8")]
    [InlineData("order-service=two", "takes NAME=COUNT")]
    [InlineData("orders=2", "names orders; there can be several of order-service")]
    [InlineData("gateway=2", "names gateway; there can be several of order-service")]
    public void Instances_that_cannot_be_are_refused_with_what_can(string wanted, string sentence)
    {
        CatalogEntry[] catalog = [new("gateway", "Gateway", 8080, false), new("order-service", "OrderService", 5104, true)];

        var refusal = Should.Throw<Refusal>(() => ServiceInstance.Of(catalog, wanted));

        refusal.Message.ShouldContain(sentence);
        refusal.ExitCode.ShouldBe(ExitCodes.Usage);
    }

    private string FileOf(string service) => Path.Combine(_repository.Root, "services", service, "catalog-info.yaml");

    private void AddService(string name, string project, int port, string handles)
    {
        AddProject($"services/{name}", project);
        File.WriteAllText(FileOf(name),
            $"metadata:\n  name: {name}\nspec:\n  argosy:\n    port: {port}\n    handles: {handles}\n");
    }

    private void AddProject(string folder, string project)
    {
        var source = Path.Combine(_repository.Root, folder, "src");
        Directory.CreateDirectory(source);
        File.WriteAllText(Path.Combine(source, project + ".csproj"), "<Project/>");
    }
}
