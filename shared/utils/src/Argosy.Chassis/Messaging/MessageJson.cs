using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Messages as people write them. protobuf's own parser reads them; field by field, since it does not always say which field it could
/// not read.
/// </summary>
internal static class MessageJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>The message, or null and a sentence that begins with the path of the field that is wrong.</summary>
    public static IMessage? Read(MessageDescriptor type, string json, out string? fault)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            fault = FaultOf(type, document.RootElement, "");
            return fault is null ? JsonParser.Default.Parse(json, type) : null;
        }
        catch (JsonException e)
        {
            fault = $"It is no JSON: {e.Message}";
            return null;
        }
    }

    /// <summary>The names of the outermost fields in which two messages of a type differ.</summary>
    public static IReadOnlyList<string> Differences(IMessage one, IMessage other) =>
        [.. one.Descriptor.Fields.InDeclarationOrder().Where(field => !Equals(field.Accessor.GetValue(one), field.Accessor.GetValue(other))).Select(field => field.JsonName)];

    private static string? FaultOf(MessageDescriptor type, JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return $"{(path.Length > 0 ? path : "The body")}: must be an object, a {type.FullName}.";
        }

        return value.EnumerateObject().Select(member => FaultOf(type, member, path.Length > 0 ? $"{path}.{member.Name}" : member.Name)).FirstOrDefault(fault => fault is not null);
    }

    private static string? FaultOf(MessageDescriptor type, JsonProperty member, string path)
    {
        var fields = type.Fields.InDeclarationOrder();
        if (fields.FirstOrDefault(field => field.JsonName == member.Name || field.Name == member.Name) is not { } known)
        {
            return $"{path}: {type.FullName} has no such field; it has {string.Join(", ", fields.Select(field => field.JsonName))}.";
        }

        return (IsOurs(known), known.IsRepeated, member.Value.ValueKind) switch
        {
            (true, false, not JsonValueKind.Null) => FaultOf(known.MessageType, member.Value, path),
            (true, true, JsonValueKind.Array) => member.Value.EnumerateArray().Select((item, i) => FaultOf(known.MessageType, item, $"{path}[{i}]")).FirstOrDefault(fault => fault is not null),
            _ => FaultOf(type, member) is { } fault ? $"{path}: {fault}" : null,
        };
    }

    // A message of this repository; what protobuf itself brings has JSON of its own.
    private static bool IsOurs(FieldDescriptor field) =>
        field is { FieldType: FieldType.Message, IsMap: false } && !field.MessageType.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal);

    private static string? FaultOf(MessageDescriptor type, JsonProperty member)
    {
        try
        {
            JsonParser.Default.Parse($"{{{JsonSerializer.Serialize(member.Name)}:{member.Value.GetRawText()}}}", type);
            return null;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException)
        {
            return e.Message;
        }
    }
}
