using Mono.Cecil;
using Mono.Cecil.Cil;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

public sealed class DependencyTests
{
    private static readonly string[] Adapters = ["Argosy.Chassis.Sqlite", "Argosy.Chassis.Postgres", "Argosy.Chassis.RabbitMq", "Argosy.Chassis.Redis"];

    public static TheoryData<string> Services => [.. Repository.Services];

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_references_no_other_service(string service)
    {
        var others = Repository.Services.Where(other => other != service).Select(other => Path.GetFileNameWithoutExtension(Repository.ProjectOf(other))).ToHashSet(StringComparer.Ordinal);

        using var assembly = Repository.ReadService(service);

        assembly.MainModule.AssemblyReferences.Select(reference => reference.Name).Where(others.Contains).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void A_service_sees_no_adapter(string service)
    {
        using var assembly = Repository.ReadService(service);

        assembly.MainModule.AssemblyReferences.Select(reference => reference.Name).Intersect(Adapters).ShouldBeEmpty();
    }

    [Fact]
    public void Adapters_see_the_chassis_and_never_each_other_or_the_host()
    {
        foreach (var adapter in Adapters.Where(name => Directory.Exists(Repository.PathOf("shared", "utils", "src", name))))
        {
            using var assembly = Repository.Read(adapter, "OrderService");

            assembly.MainModule.AssemblyReferences.Select(reference => reference.Name)
                .Where(name => name.StartsWith("Argosy.", StringComparison.Ordinal) && name != "Argosy.Chassis").ShouldBeEmpty(adapter);
        }
    }

    [Fact]
    public void The_chassis_knows_no_service_contract_and_no_adapter()
    {
        using var assembly = Repository.Read("Argosy.Chassis", "OrderService");

        assembly.MainModule.AssemblyReferences.Select(reference => reference.Name).Where(name => name.StartsWith("Argosy.", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void The_rules_of_an_aggregate_touch_no_I_O_no_clock_and_no_task()
    {
        foreach (var (service, type) in new[] { ("order-service", "Argosy.Orders.Order"), ("payment-service", "Argosy.Payments.Payment") })
        {
            using var assembly = Repository.ReadService(service);
            var aggregate = assembly.MainModule.GetType(type).ShouldNotBeNull();

            aggregate.WithNested().SelectMany(nested => nested.Instructions()).Select(Touches).Where(touched => touched is not null).ShouldBeEmpty(type);
        }
    }

    [Fact]
    public void The_checker_shares_no_code_with_what_it_checks()
    {
        using var assembly = Repository.Read("Argosy.Checker");

        assembly.MainModule.AssemblyReferences.Select(reference => reference.Name)
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("Microsoft.Data.Sqlite", StringComparison.Ordinal) && name != "Npgsql").ShouldBeEmpty();
    }

    [Fact]
    public void Product_code_disables_no_warning_in_place()
    {
        var silenced = new[] { "services", "shared", "tools" }.SelectMany(Repository.Sources)
            .Where(file => File.ReadLines(file).Any(line => line.TrimStart().StartsWith("#pragma warning disable", StringComparison.Ordinal)));

        silenced.ShouldBeEmpty();
    }

    private static string? Touches(Instruction instruction)
    {
        var called = instruction.Operand switch
        {
            MethodReference method => method.DeclaringType,
            FieldReference field => field.DeclaringType,
            _ => null,
        };
        var impure = called?.FullName is { } name
            && (name.StartsWith("System.IO.", StringComparison.Ordinal)
                || name.StartsWith("System.Net.", StringComparison.Ordinal)
                || name.StartsWith("System.Data.", StringComparison.Ordinal)
                || name.StartsWith("System.Threading.Tasks.", StringComparison.Ordinal)
                || name is "System.TimeProvider" or "System.Random" or "System.Environment" or "Argosy.Chassis.Store.IStore");
        var clock = instruction.Operand is MethodReference { Name: "get_UtcNow" or "get_Now" or "NewGuid" };
        return impure || clock ? instruction.ToString() : null;
    }
}
