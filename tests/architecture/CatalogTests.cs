using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Argosy.Architecture;

/// <summary><c>catalog-info.yaml</c> is the only place where a service is described; here it is held against the code.</summary>
public sealed partial class CatalogTests
{
    private const string Contracts = "Argosy.Contracts.";

    // Its deny-list handles them in each service.
    private static readonly string[] OfChassis = ["argosy.auth.v1.SessionRevoked", "argosy.auth.v1.TokenRevoked"];

    public static TheoryData<string> Services => [.. Repository.Services];

    [Theory]
    [MemberData(nameof(Services))]
    public void What_is_handled_is_what_the_catalogue_lists(string service)
    {
        using var assembly = Repository.ReadService(service);
        var handled = assembly.AllTypes().SelectMany(type => type.Methods).Where(IsHandler).Select(method => WireName(method.Parameters[0].ParameterType));
        var replies = assembly.AllTypes().SelectMany(type => type.Instructions()).Select(instruction => instruction.Operand).OfType<GenericInstanceMethod>()
            .Where(call => call.DeclaringType.Namespace == "Argosy.Chassis.Sagas" && call.Name is "Succeeds" or "Fails" or "Until" or "RefusedBy")
            .Select(call => WireName(call.GenericArguments[0]));

        handled.Concat(replies).Distinct().Order().ShouldBe(Listed(service, "handles").Except(OfChassis));
    }

    [Fact]
    public void Every_service_hears_which_sessions_ended_but_the_one_that_ends_them()
    {
        foreach (var service in Repository.Services.Where(service => service is not ("gateway" or "auth-service")))
        {
            OfChassis.Except(Listed(service, "handles")).ShouldBeEmpty(service);
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void What_is_published_is_what_the_catalogue_lists(string service)
    {
        using var assembly = Repository.ReadService(service);
        var made = assembly.AllTypes().SelectMany(type => type.Instructions())
            .Where(instruction => instruction.OpCode == OpCodes.Newobj)
            .Select(instruction => ((MethodReference)instruction.Operand).DeclaringType)
            .Where(type => type.FullName.StartsWith(Contracts, StringComparison.Ordinal) && type.Namespace != "Argosy.Contracts.Common.V1")
            .Select(WireName);

        made.Distinct().Order().ShouldBe(Listed(service, "publishes"));
    }

    [Fact]
    public void Every_message_that_somebody_handles_is_published_by_somebody()
    {
        var published = Repository.Services.SelectMany(service => Listed(service, "publishes")).ToHashSet(StringComparer.Ordinal);

        Repository.Services.SelectMany(service => Listed(service, "handles")).Where(type => !published.Contains(type)).ShouldBeEmpty();
    }

    [Fact]
    public void The_checker_knows_who_hears_what()
    {
        var facts = File.ReadAllText(Repository.PathOf("tests", "chaos", "Argosy.Checker", "Books", "facts.sql"));
        var known = Route().Matches(facts).Select(route => (route.Groups[1].Value, route.Groups[2].Value, route.Groups[3].Value));

        var listed = from publisher in Repository.Services
                     from type in Listed(publisher, "publishes")
                     from subscriber in Repository.Services
                     where Listed(subscriber, "handles").Contains(type)
                     select (publisher, type, subscriber);

        known.ShouldBe(listed, ignoreOrder: true);
    }

    [Fact]
    public void Ports_are_unique_and_names_are_folders()
    {
        var ports = Repository.Services.Select(service => ((YamlScalarNode)Argosy(service)["port"]).Value).ToArray();

        ports.Distinct().Count().ShouldBe(ports.Length);
        foreach (var service in Repository.Services)
        {
            ((YamlScalarNode)Load(service)["metadata"]["name"]).Value.ShouldBe(service);
        }
    }

    private static bool IsHandler(MethodDefinition method) =>
        method is { IsPublic: true, IsStatic: false, Parameters.Count: 3 }
        && method.Parameters[0].ParameterType.FullName.StartsWith(Contracts, StringComparison.Ordinal)
        && method.Parameters[1].ParameterType.FullName == "Argosy.Chassis.Store.WriteSet";

    [GeneratedRegex(@"\('([\w-]+)', '(argosy\.[\w.]+)', '([\w-]+)'\)")]
    private static partial Regex Route();

    // Argosy.Contracts.Order.V1.OrderPlaced is argosy.order.v1.OrderPlaced on the wire.
    private static string WireName(TypeReference type) => $"argosy.{type.Namespace[Contracts.Length..].ToLowerInvariant()}.{type.Name}";

    private static string[] Listed(string service, string key) =>
        [.. ((YamlSequenceNode)Argosy(service)[key]).Children.Select(node => ((YamlScalarNode)node).Value!).Order()];

    private static YamlNode Argosy(string service) => Load(service)["spec"]["argosy"];

    private static YamlNode Load(string service)
    {
        using var reader = new StreamReader(Repository.PathOf("services", service, "catalog-info.yaml"));
        var stream = new YamlStream();
        stream.Load(reader);
        return stream.Documents[0].RootNode;
    }
}
