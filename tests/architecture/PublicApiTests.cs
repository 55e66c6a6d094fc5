using System.Text;
using Mono.Cecil;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

/// <summary>
/// What the chassis shows to services is a promise: <c>PublicApi.txt</c> lists it, and a change shows in review. After a wanted
/// change run this test with <c>ARGOSY_ACCEPT_API=1</c> and commit the file.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("Argosy.Chassis")]
    [InlineData("Argosy.Chassis.Hosting")]
    public void What_the_chassis_exports_is_what_is_written_down(string name)
    {
        using var assembly = Repository.Read(name, "OrderService");
        var exported = new StringBuilder();
        foreach (var type in assembly.AllTypes().Where(IsVisible).Where(type => !type.FullName.Contains(".Wire.", StringComparison.Ordinal)).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            exported.Append(type.FullName).Append('\n');
            foreach (var member in Members(type).Order(StringComparer.Ordinal))
            {
                exported.Append("    ").Append(member).Append('\n');
            }
        }

        var file = Repository.PathOf("shared", "utils", "src", name, "PublicApi.txt");
        if (Environment.GetEnvironmentVariable("ARGOSY_ACCEPT_API") == "1")
        {
            File.WriteAllText(file, exported.ToString());
        }

        exported.ToString().ShouldBe(File.ReadAllText(file).ReplaceLineEndings("\n"));
    }

    private static bool IsVisible(TypeDefinition type) => type.IsPublic || (type.IsNestedPublic && IsVisible(type.DeclaringType));

    private static IEnumerable<string> Members(TypeDefinition type) =>
        type.Methods.Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly).Where(method => !IsRecordNoise(method)).Select(Signature)
            .Concat(type.Fields.Where(field => field is { IsPublic: true, IsSpecialName: false }).Select(field => $"{field.FieldType.Name} {field.Name}"));

    private static string Signature(MethodDefinition method) =>
        $"{method.ReturnType.Name} {method.Name}({string.Join(", ", method.Parameters.Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name}"))})";

    // What the compiler adds to every record says nothing about the record.
    private static bool IsRecordNoise(MethodDefinition method) =>
        method.Name is "Equals" or "GetHashCode" or "ToString" or "PrintMembers" or "<Clone>$" or "op_Equality" or "op_Inequality" or "Deconstruct" or "get_EqualityContract";
}
