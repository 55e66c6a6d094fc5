using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// How JSON looks at every HTTP boundary: camelCase, kebab-case enums, absent rather than null. Reading is strict: unknown and
/// repeated members are refused, numbers are numbers, and every constructor parameter that is neither nullable nor has a default is required.
/// </summary>
public static class StrictJson
{
    /// <summary>The options themselves, for code that reads or writes JSON by hand.</summary>
    public static JsonSerializerOptions Options { get; } = Created();

    internal static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.MaxDepth = 32;

        // As the framework has it for answers: they are application/json with nosniff, and never put into a page.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        options.TypeInfoResolver = (options.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver()).WithAddedModifier(RequireWhatIsNotOptional);
    }

    private static JsonSerializerOptions Created()
    {
        var options = new JsonSerializerOptions();
        Apply(options);
        options.MakeReadOnly();
        return options;
    }

    // The framework's RespectRequiredConstructorParameters would require nullable ones too; in C# `string? reason` says it may be absent.
    private static void RequireWhatIsNotOptional(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        foreach (var property in type.Properties)
        {
            if (property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false })
            {
                property.IsRequired = true;
            }
        }
    }
}
