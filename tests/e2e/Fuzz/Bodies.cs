using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Argosy.E2E.Fuzz;

/// <summary>
/// JSON from a contract's schemas, as text, since what is sent need not be a value of any type of ours: <see cref="Valid"/> in all that the
/// schema says, or <see cref="Broken"/> in one thing.
/// </summary>
/// <param name="document">What <c>$ref</c> refers into.</param>
internal sealed class Bodies(JsonNode document)
{
    private const int FewItems = 3;
    private const int UsualLength = 40;

    // One of which fits whatever pattern a contract has.
    private static readonly string[] Words = ["EUR", "USD", "DE", "en", "a-1", "tok_visa", "0"];

    public Gen<string> Valid(JsonNode schema) => Resolved(schema) switch
    {
        { } one when one["oneOf"] is JsonArray choices => Gen.OneOf(choices.Select(choice => Valid(choice!))),
        { } one when one["enum"] is JsonArray values => Gen.Elements(values.Select(value => value?.ToJsonString() ?? "null")),
        { } one => Gen.OneOf(TypesOf(one).Select(type => OfType(type, one))),
    };

    /// <summary>Null where a schema allows everything.</summary>
    public Gen<string>? Broken(JsonNode schema)
    {
        var one = Resolved(schema);
        if (one["oneOf"] is JsonArray choices)
        {
            return choices.Select(choice => Broken(choice!)).LastOrDefault(broken => broken is not null)?.Where(text => text != "null");
        }

        var types = TypesOf(one).ToHashSet(StringComparer.Ordinal);
        if (types.Contains("any"))
        {
            return null;
        }

        var ways = new List<Gen<string>> { Gen.Elements(OtherThan(types)) };
        ways.AddRange(types switch
        {
            _ when types.Contains("object") => InObject(one),
            _ when types.Contains("array") => one["items"] is { } items && Broken(items) is { } item ? [item.Select(text => $"[{text}]")] : [],
            _ when types.Contains("string") => InString(one),
            _ when types.Contains("integer") => InNumber(one),
            _ => [],
        });
        return Gen.OneOf(ways);
    }

    private Gen<string> OfType(string type, JsonNode schema) => type switch
    {
        "null" => Gen.Constant("null"),
        "boolean" => Gen.Elements("true", "false"),
        "integer" => Number(schema).Select(number => number.ToString(CultureInfo.InvariantCulture)),
        "array" => from count in Gen.Choose(0, FewItems)
                   from items in Gen.CollectToArray(Enumerable.Repeat(Valid(schema["items"] ?? new JsonObject()), count))
                   select $"[{string.Join(',', items)}]",
        "object" => from members in Gen.CollectToArray(MembersOf(schema).Select(member => Member(member.Name, Valid(member.Schema), member.Required)))
                    select $"{{{string.Join(',', members.Where(member => member.Length > 0))}}}",
        "any" => Gen.Elements("{}", "[]", "1", "\"text\"", "null", "true"),
        _ => Text(schema).Select(Quoted),
    };

    private static Gen<string> Member(string name, Gen<string> value, bool required) =>
        from there in required ? Gen.Constant(true) : Gen.Elements(true, false)
        from text in value
        select there ? $"{Quoted(name)}:{text}" : "";

    private IEnumerable<Gen<string>> InObject(JsonNode schema)
    {
        var members = MembersOf(schema).ToList();
        Gen<string> With(Func<(string Name, JsonNode Schema, bool Required), Gen<string>> choose) =>
            Gen.CollectToArray(members.Select(choose)).Select(texts => $"{{{string.Join(',', texts.Where(text => text.Length > 0))}}}");

        foreach (var lacking in members.Where(member => member.Required))
        {
            yield return With(member => member == lacking ? Gen.Constant("") : Member(member.Name, Valid(member.Schema), required: true));
        }

        foreach (var wrong in members)
        {
            if (Broken(wrong.Schema) is { } broken)
            {
                yield return With(member => Member(member.Name, member == wrong ? broken : Valid(member.Schema), required: true));
            }
        }

        if (schema["additionalProperties"] is JsonValue allowed && !(bool)allowed)
        {
            yield return With(member => Member(member.Name, Valid(member.Schema), required: true)).Select(text => text.Length > 2 ? $"{text[..^1]},\"nobodyAskedFor\":1}}" : "{\"nobodyAskedFor\":1}");
        }
    }

    private static IEnumerable<Gen<string>> InString(JsonNode schema)
    {
        if ((int?)schema["maxLength"] is { } most)
        {
            yield return Gen.Constant(Quoted(new string('x', most + 1)));
        }

        if ((int?)schema["minLength"] is > 0)
        {
            yield return Gen.Constant("\"\"");
        }

        if ((string?)schema["pattern"] is { } pattern)
        {
            yield return Strange.Texts.Where(text => !Regex.IsMatch(text, pattern)).Select(Quoted);
        }

        if (schema["enum"] is JsonArray)
        {
            yield return Gen.Constant("\"none of these\"");
        }
    }

    private static IEnumerable<Gen<string>> InNumber(JsonNode schema)
    {
        yield return Gen.Elements("1.5", "1e400", "-0.1");
        if ((long?)schema["minimum"] is { } least)
        {
            yield return Gen.Constant($"{least - 1}");
        }

        if ((long?)schema["maximum"] is { } most)
        {
            yield return Gen.Constant($"{most + 1}");
        }
    }

    private static Gen<long> Number(JsonNode schema)
    {
        var wide = (string?)schema["format"] == "int64";
        var (least, most) = ((long?)schema["minimum"] ?? (wide ? long.MinValue : int.MinValue), (long?)schema["maximum"] ?? (wide ? long.MaxValue : int.MaxValue));
        return Gen.Frequency((5, Gen.Choose(0, 10).Select(number => Math.Clamp(number, least, most))), (2, Gen.Elements(least, most)), (1, Gen.Choose(int.MinValue, int.MaxValue).Select(number => Math.Clamp(number, least, most))));
    }

    private static Gen<string> Text(JsonNode schema)
    {
        if ((string?)schema["pattern"] is { } pattern)
        {
            return Gen.Elements(Words.Where(word => Regex.IsMatch(word, pattern)));      // none: say in Words which one does
        }

        var (least, most) = ((int?)schema["minLength"] ?? 0, (int?)schema["maxLength"] ?? UsualLength);
        return Gen.Frequency((3, Gen.Elements(Words)), (3, Strange.Texts), (1, Gen.Elements(least, most).Select(length => new string('x', length))))
            .Select(text => text.Length > most ? text[..most] : text.PadRight(least, 'x'));
    }

    private IEnumerable<(string Name, JsonNode Schema, bool Required)> MembersOf(JsonNode schema)
    {
        var required = ((JsonArray?)schema["required"] ?? []).Select(name => (string)name!).ToHashSet(StringComparer.Ordinal);
        return ((JsonObject?)schema["properties"] ?? []).Select(member => (member.Key, member.Value!, required.Contains(member.Key)));
    }

    private JsonNode Resolved(JsonNode schema) => (string?)schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference.Split('/')[^1]]! : schema;

    private static IEnumerable<string> TypesOf(JsonNode schema) => schema["type"] switch
    {
        JsonArray several => several.Select(type => (string)type!),
        { } one => [(string)one!],
        null => ["any"],
    };

    private static IEnumerable<string> OtherThan(HashSet<string> types)
    {
        (string Type, string Text)[] all = [("null", "null"), ("boolean", "true"), ("string", "\"text\""), ("array", "[]"), ("object", "{}"), ("integer", "7"), ("array", "[[[[]]]]")];
        return all.Where(one => !types.Contains(one.Type)).Select(one => one.Text);
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text);
}
