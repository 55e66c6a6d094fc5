using System.Globalization;
using System.Text.Json.Nodes;
using Json.Schema;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Argosy.E2E;

/// <summary>An operation as a service's <c>api.yaml</c> has it.</summary>
/// <param name="Service">Who answers.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Callers">Whom it is for: <c>anybody</c>, <c>users</c>, <c>holders</c> (of any token of a user) or <c>admins</c>.</param>
/// <param name="Description">All of it.</param>
internal sealed record Operation(string Service, string Method, string Path, string Callers, JsonNode Description)
{
    /// <summary>The statuses that it may answer.</summary>
    public IReadOnlySet<string> Statuses { get; } = ((JsonObject)Description["responses"]!).Select(response => response.Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether it is not for API keys.</summary>
    public bool RefusesKeys => (string?)Description["x-api-keys"] == "refused";

    /// <summary>Header and query parameters.</summary>
    public IEnumerable<(string Name, string In, bool Required)> Parameters => ((JsonArray?)Description["parameters"] ?? [])
        .Select(parameter => ((string)parameter!["name"]!, (string)parameter["in"]!, (bool?)parameter["required"] ?? false));

    /// <summary>The type of its body; null without one.</summary>
    public string? ContentType => ((JsonObject?)Description["requestBody"]?["content"])?.First().Key;

    /// <summary>A valid body; null where the contract shows none.</summary>
    public JsonNode? Example => ContentType is { } type ? Description["requestBody"]!["content"]![type]!["example"] : null;

    public override string ToString() => $"{Service} {Method} {Path}";
}

/// <summary>The <c>api.yaml</c> of every service.</summary>
internal static class Contracts
{
    public static IReadOnlyList<string> Services { get; } =
        [.. Directory.GetDirectories(Path.Combine(Launcher.Root, "services")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    public static string FileOf(string service) => Path.Combine(Launcher.Root, "services", service, "api.yaml");

    /// <summary>Every operation of every service.</summary>
    public static IEnumerable<Operation> Operations() => Services.SelectMany(OperationsOf);

    /// <summary>The whole of a service's.</summary>
    public static JsonNode DocumentOf(string service) => Documents[service];

    /// <summary>What an answer of this status may hold, by content type; null where it has no body.</summary>
    public static JsonObject? ContentOf(Operation operation, string status) => (JsonObject?)ResponseOf(operation, status)["content"];

    /// <summary>The headers that an answer of this status has.</summary>
    public static IEnumerable<string> HeadersOf(Operation operation, string status) => ((JsonObject?)ResponseOf(operation, status)["headers"] ?? []).Select(header => header.Key);

    private static JsonNode ResponseOf(Operation operation, string status)
    {
        var response = operation.Description["responses"]![status]!;
        return (string?)response["$ref"] is { } reference ? Documents[operation.Service]["components"]!["responses"]![reference.Split('/')[^1]]! : response;
    }

    /// <summary>A schema of a service with all that it refers to.</summary>
    public static JsonSchema SchemaOf(Operation operation, JsonNode schema)
    {
        var whole = new JsonObject { ["$defs"] = Documents[operation.Service]["components"]?["schemas"]?.DeepClone(), ["allOf"] = new JsonArray(schema.DeepClone()) };
        return JsonSchema.FromText(whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    }

    private static Dictionary<string, JsonNode> Documents { get; } = Services.ToDictionary(service => service, service => Read(FileOf(service)), StringComparer.Ordinal);

    private static IEnumerable<Operation> OperationsOf(string service) =>
        from path in (JsonObject)Read(FileOf(service))["paths"]!
        from operation in (JsonObject)path.Value!
        select new Operation(service, operation.Key.ToUpperInvariant(), path.Key, (string)operation.Value!["x-callers"]!, operation.Value!);

    private static JsonNode Read(string file)
    {
        using var text = File.OpenText(file);
        var yaml = new YamlStream();
        yaml.Load(text);
        return ToJson(yaml.Documents[0].RootNode)!;
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => OfPlain(plain.Value!),
        YamlScalarNode quoted => quoted.Value,
        _ => throw new InvalidOperationException($"A contract has no {node.GetType().Name}."),
    };

    private static JsonNode? OfPlain(string text) => text switch
    {
        "null" or "" => null,
        "true" => true,
        "false" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };
}
