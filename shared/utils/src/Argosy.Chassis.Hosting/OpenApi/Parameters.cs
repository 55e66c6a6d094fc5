using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>Parameters that bind themselves, which the framework does not look into: each has its meaning here, once.</summary>
internal static class Parameters
{
    public static async Task DescribeAsync(OpenApiOperation operation, IList<object> endpoint, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path))
        {
            parameter.Description ??= $"The {parameter.Name}, as answers show it.";
        }

        foreach (var type in endpoint.OfType<MethodInfo>().SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType))
        {
            Describe(operation.Parameters, type);
        }

        if (endpoint.OfType<WritesMetadata>().LastOrDefault() is { Idempotency: not Idempotency.Ignored } writes)
        {
            operation.Parameters.Add(Header("Idempotency-Key", KeyMeaning(writes.Idempotency), writes.Idempotency == Idempotency.Required, 255));
        }

        foreach (var header in endpoint.OfType<HeaderMetadata>())
        {
            operation.Parameters.Add(Header(header.Name, header.Description, header.Required));
        }

        foreach (var property in endpoint.OfType<QueryMetadata>().SelectMany(query => query.Type.GetProperties()).Where(property => property.DeclaringType != typeof(object)))
        {
            operation.Parameters.Add(await FieldAsync(property, context, cancellation));
        }
    }

    private static void Describe(IList<IOpenApiParameter> parameters, Type type)
    {
        if (type == typeof(Paging))
        {
            parameters.Add(Query("limit", "How many at most.", new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "100", Default = 50 }));
            parameters.Add(Query("cursor", "The `nextCursor` of the page before.", new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 512 }));
        }
        else if (type == typeof(IfMatch))
        {
            parameters.Add(Header("If-Match", "The `ETag` last read (RFC 9110 §13.1.1), or `*`."));
        }
        else if (type == typeof(Freshness))
        {
            parameters.Add(Header("Cache-Control", "`no-cache` asks for what is so now, past every cache."));
        }
    }

    private static string KeyMeaning(Idempotency idempotency) => idempotency == Idempotency.Required
        ? "New for each new request: a repeat with the same key has the stored answer and no second effect."
        : "Makes a repeat safe: with the same key it has the stored answer and no second effect.";

    private static OpenApiParameter Query(string name, string description, OpenApiSchema schema) => new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = schema };

    private static OpenApiParameter Header(string name, string description, bool required = false, int? longest = null) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = required,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = longest is null ? null : 1, MaxLength = longest },
    };

    private static async Task<OpenApiParameter> FieldAsync(PropertyInfo property, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var name = property.GetCustomAttribute<System.Text.Json.Serialization.JsonPropertyNameAttribute>()?.Name ?? property.Name;
        var parameter = Query(name, property.GetCustomAttribute<System.ComponentModel.DescriptionAttribute>()?.Description ?? "", await context.GetOrCreateSchemaAsync(property.PropertyType, null, cancellation));
        parameter.Required = new NullabilityInfoContext().Create(property).WriteState == NullabilityState.NotNull;
        return parameter;
    }
}
