using Argosy.FaultLab.Experiments.Probes;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.Experiments;

/// <summary>Litmus's comparators.</summary>
public sealed class ComparisonTests
{
    [Theory]
    [InlineData("int", "==", "200", "200", true)]
    [InlineData("int", "==", "200", "200.0", false)]
    [InlineData("int", "!=", "200", "503", true)]
    [InlineData("int", "oneOf", "200,204", "204", true)]
    [InlineData("int", "oneOf", "200,204", "503", false)]
    [InlineData("float", ">", "0", "0.1", true)]
    [InlineData("float", ">", "0", "0", false)]
    [InlineData("float", ">", "0", "NaN", false)]
    [InlineData("float", ">=", "0.5", "0.5", true)]
    [InlineData("float", "<=", "-1", "-2e3", true)]
    [InlineData("float", "<", "1", "+Inf", false)]
    [InlineData("float", ">", "1", "+Inf", true)]
    [InlineData("float", "between", "1,2", "1.5", true)]
    [InlineData("float", "between", "1,2", "2.5", false)]
    [InlineData("float", ">", "0", "many", false)]
    [InlineData("string", "equal", "ok", "ok", true)]
    [InlineData("string", "notEqual", "ok", "ok", false)]
    [InlineData("string", "contains", "k", "ok", true)]
    [InlineData("string", "matches", "^o.$", "ok", true)]
    [InlineData("string", "notMatches", "^o.$", "ok", false)]
    [InlineData("string", "oneOf", "a,ok", "ok", true)]
    public void A_value_is_compared_as_its_type_says(string type, string criteria, string expected, string actual, bool holds) =>
        new Comparison(type, criteria, expected).Holds(actual).ShouldBe(holds);
}
