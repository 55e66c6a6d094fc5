using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>What an operation's guard, parameters and marks mean for whoever calls it.</summary>
internal sealed class OperationTransformer : IOpenApiOperationTransformer
{
    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var endpoint = context.Description.ActionDescriptor.EndpointMetadata;
        var callers = IdentityExtensions.CallersOf(endpoint);
        operation.OperationId = OperationNames.Of(context.Description, endpoint);
        operation.Tags = new HashSet<OpenApiTagReference> { new(OperationNames.TagOf(context.Description), context.Document) };
        Guard(operation, callers, context.Document!);
        if (endpoint.OfType<RefusesKeys>().Any())
        {
            operation.AddExtension("x-api-keys", new JsonNodeExtension(JsonValue.Create("refused")));
        }

        if (endpoint.OfType<RecentLogin>().Any())
        {
            operation.Description = "Takes a login of the last 5 minutes; after an older one it is 401 with `insufficient_user_authentication` and `max_age` (RFC 9470).";
        }

        await DescribeBodyAsync(operation, context, cancellationToken);
        await Parameters.DescribeAsync(operation, endpoint, context, cancellationToken);
        DescribeAnswers(operation, context.Description, endpoint);
        Refuse(operation, RefusalsOf(operation, callers, endpoint), context.Document!);
    }

    private static void Guard(OpenApiOperation operation, Callers callers, OpenApiDocument document)
    {
        operation.AddExtension("x-callers", new JsonNodeExtension(JsonValue.Create(callers.ToString().ToLowerInvariant())));
        if (callers == Callers.Anybody)
        {
            operation.Security = [];
            return;
        }

        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(DocumentTransformer.Bearer, document)] = [] },
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(DocumentTransformer.OAuth, document)] = [callers == Callers.Holders ? "openid" : IdentityOptions.ApiScope] },
        ];
    }

    private static async Task DescribeBodyAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var type = context.Description.ParameterDescriptions.FirstOrDefault(parameter => parameter.Source == BindingSource.Body)?.Type;
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<BodyMetadata>().LastOrDefault() is { } body)
        {
            type = body.Type;
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    [body.ContentType] = new OpenApiMediaType { Schema = await context.GetOrCreateSchemaAsync(body.Type, null, cancellation) },
                },
            };
        }

        Show(operation.RequestBody?.Content, type);
    }

    private static void DescribeAnswers(OpenApiOperation operation, ApiDescription description, IList<object> endpoint)
    {
        var responses = new OpenApiResponses();
        var tagged = endpoint.OfType<ETagMetadata>().Any();
        foreach (var answer in endpoint.OfType<AnswerMetadata>())
        {
            var status = answer.StatusCode.ToString(CultureInfo.InvariantCulture);
            var response = (OpenApiResponse)operation.Responses![status];
            response.Description = answer.Description;
            Show(response.Content, description.SupportedResponseTypes.FirstOrDefault(type => type.StatusCode == answer.StatusCode)?.Type);
            response.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
            if (tagged && answer.StatusCode < 300)
            {
                response.Headers["ETag"] = Header("The version; a change sends it as `If-Match`.");
            }

            if (answer.StatusCode is 201 or 202)
            {
                response.Headers["Location"] = Header("Where to read it.");
            }

            responses[status] = response;
        }

        operation.Responses = responses;
    }

    private static OpenApiHeader Header(string description) => new() { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };

    private static void Show(IDictionary<string, OpenApiMediaType>? content, Type? type)
    {
        if (content is not null && type is not null && Examples.Of(type) is { } example)
        {
            foreach (var media in content.Values)
            {
                media.Example = example.DeepClone();
            }
        }
    }

    private static IEnumerable<int> RefusalsOf(OpenApiOperation operation, Callers callers, IList<object> endpoint)
    {
        if (endpoint.OfType<ProbeMetadata>().Any())
        {
            return [431];
        }

        var parameters = operation.Parameters ?? [];
        var writes = endpoint.OfType<WritesMetadata>().LastOrDefault();
        var bound = endpoint.OfType<MethodInfo>().FirstOrDefault()?.GetParameters().Select(parameter => parameter.ParameterType).ToList() ?? [];
        var own = endpoint.OfType<RefusalMetadata>().SelectMany(refusal => refusal.Statuses);
        return own.Concat(
        [
            .. operation.RequestBody is not null ? [400, 413] : Array.Empty<int>(),
            .. operation.RequestBody is not null && !endpoint.OfType<BodyMetadata>().Any() ? [415] : Array.Empty<int>(),
            .. parameters.Any(parameter => parameter.In != ParameterLocation.Path) ? [400] : Array.Empty<int>(),
            .. callers == Callers.Anybody ? [] : new[] { 401, 403 },
            .. parameters.Any(parameter => parameter.In == ParameterLocation.Path) ? [404] : Array.Empty<int>(),
            .. writes is not null ? [409] : Array.Empty<int>(),
            .. bound.Contains(typeof(IfMatch)) ? [412] : Array.Empty<int>(),
            .. endpoint.OfType<UncheckedForCardsMetadata>().Any() ? [] : new[] { 422 },
            .. operation.Tags!.Any(tag => tag.Name == OperationNames.Admin) ? [] : new[] { 429 },     // the gateway leads nobody there
            503,
        ]).Distinct();
    }

    private static void Refuse(OpenApiOperation operation, IEnumerable<int> statuses, OpenApiDocument document)
    {
        foreach (var status in statuses.Select(status => status.ToString(CultureInfo.InvariantCulture)).Append(Refusals.Default))
        {
            if (!operation.Responses!.TryAdd(status, Refusals.Of(status, document)) && status is "401" or "403" && operation.Security is { Count: > 0 })
            {
                // The guard refuses too, before the handler does in its own words.
                Refusals.AddProblem((OpenApiResponse)operation.Responses[status], document);
            }
        }

        var ordered = new OpenApiResponses();
        foreach (var (status, response) in operation.Responses!.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            ordered.Add(status, response);
        }

        operation.Responses = ordered;
    }
}
