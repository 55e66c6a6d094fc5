using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>Names of schemas: those of the records. Two records of one name would be one schema, and one of them described wrongly.</summary>
internal sealed class SchemaNames
{
    private readonly ConcurrentDictionary<string, Type> _known = new(StringComparer.Ordinal);

    public string? Of(JsonTypeInfo type)
    {
        if ((Nullable.GetUnderlyingType(type.Type) ?? type.Type) == typeof(JsonElement))
        {
            return null;        // anything: a name would say no more
        }

        if (OpenApiOptions.CreateDefaultSchemaReferenceId(type) is not { } name)
        {
            return null;
        }

        var first = _known.GetOrAdd(name, type.Type);
        return first == type.Type ? name : throw new InvalidOperationException($"{first} and {type.Type} would both be the schema {name}: give one of them another name.");
    }
}
