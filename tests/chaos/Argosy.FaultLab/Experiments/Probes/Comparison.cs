using System.Globalization;
using System.Text.RegularExpressions;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>Litmus's comparator: what is expected of a value.</summary>
/// <param name="Type"><c>int</c>, <c>float</c> or <c>string</c>.</param>
/// <param name="Criteria">How it is compared.</param>
/// <param name="Value">With what.</param>
internal sealed record Comparison(string Type, string Criteria, string Value)
{
    private static readonly string[] OfNumbers = ["==", "!=", ">=", "<=", ">", "<", "oneOf", "between"];
    private static readonly string[] OfTexts = ["equal", "notEqual", "contains", "matches", "notMatches", "oneOf"];
    private static readonly TimeSpan MatchesWithin = TimeSpan.FromSeconds(1);

    /// <summary>Reads a <c>comparator</c>; a type other than those is complained of.</summary>
    public static Comparison? Read(Node? node, params string[] types)
    {
        node?.AllowOnly("type", "criteria", "value");
        if (node?.Require("type") is not { } typeNode || typeNode.Text() is not { } type
            || node.Require("criteria") is not { } criteriaNode || criteriaNode.Text() is not { } criteria
            || node.Require("value") is not { } valueNode || valueNode.Text() is not { } value)
        {
            return null;
        }

        if (!types.Contains(type, StringComparer.Ordinal))
        {
            typeNode.Fail($"is {type}, and takes {string.Join(" or ", types)} here");
            return null;
        }

        var known = type == "string" ? OfTexts : OfNumbers;
        if (!known.Contains(criteria, StringComparer.Ordinal))
        {
            criteriaNode.Fail($"is {criteria}, and takes {string.Join(", ", known)} for a {type}");
            return null;
        }

        var comparison = new Comparison(type, criteria, value);
        if (comparison.WhyNot() is { } wrong)
        {
            valueNode.Fail($"is {value}: {wrong}");
            return null;
        }

        return comparison;
    }

    /// <summary>Whether a value is as expected; what can't be compared isn't.</summary>
    public bool Holds(string actual) => Type == "string" ? HoldsText(actual) : Number(actual) is { } number && HoldsNumber(number);

    public override string ToString() => $"{Criteria} {Value}";

    private string? WhyNot() => (Type, Criteria) switch
    {
        ("string", "matches" or "notMatches") => IsExpression(Value) ? null : "write a regular expression without look-around and backreferences",
        ("string", "oneOf") => Values.Length > 1 ? null : "write several values, such as a,b",
        ("string", _) => Value.Contains(',', StringComparison.Ordinal) ? "Litmus takes a comma for the end of a value: write one without" : null,
        (_, "between") => Values.Length == 2 && Array.TrueForAll(Values, IsNumber) ? null : "write two numbers, such as 1,10",
        (_, "oneOf") => Values.Length > 1 && Array.TrueForAll(Values, IsNumber) ? null : "write several numbers, such as 200,204",
        _ => IsNumber(Value) ? null : $"write {(Type == "int" ? "a whole number" : "a number")}",
    };

    private string[] Values => Value.Split(',');

    private bool IsNumber(string text) => Number(text) is not null;

    private double? Number(string text) => text switch
    {
        "+Inf" when Type == "float" => double.PositiveInfinity,     // as Prometheus writes it
        "-Inf" when Type == "float" => double.NegativeInfinity,
        _ => Parse(text),
    };

    private double? Parse(string text) => double.TryParse(text, Type == "int" ? NumberStyles.AllowLeadingSign : NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private bool HoldsNumber(double actual)
    {
        var expected = Array.ConvertAll(Values, value => Number(value)!.Value);
        return Criteria switch
        {
            "==" => actual == expected[0],
            "!=" => actual != expected[0],
            ">=" => actual >= expected[0],
            "<=" => actual <= expected[0],
            ">" => actual > expected[0],
            "<" => actual < expected[0],
            "between" => actual >= expected[0] && actual <= expected[1],
            _ => expected.Contains(actual),
        };
    }

    private bool HoldsText(string actual) => Criteria switch
    {
        "equal" => actual == Value,
        "notEqual" => actual != Value,
        "contains" => actual.Contains(Value, StringComparison.Ordinal),
        "matches" => Regex.IsMatch(actual, Value, RegexOptions.NonBacktracking, MatchesWithin),
        "notMatches" => !Regex.IsMatch(actual, Value, RegexOptions.NonBacktracking, MatchesWithin),
        _ => Values.Contains(actual, StringComparer.Ordinal),
    };

    private static bool IsExpression(string text)
    {
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking, MatchesWithin) is not null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
