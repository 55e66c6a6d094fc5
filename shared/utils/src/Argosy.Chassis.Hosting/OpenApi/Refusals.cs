using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>The problems that this API answers with, each described once for the whole document.</summary>
internal static class Refusals
{
    /// <summary>What is answered where nothing else is said: a range and not a status.</summary>
    public const string Default = "default";

    private const string ProblemSchema = "Problem";

    private static readonly Dictionary<string, (string Name, string Description)> All = new(StringComparer.Ordinal)
    {
        ["400"] = ("Invalid", "The request is not as described here; `errors` says which member is wrong. Unknown and repeated members of a body are refused too."),
        ["401"] = ("Unauthenticated", "There is no access token that is good here."),
        ["403"] = ("Forbidden", "The access token is good, and not for this."),
        ["404"] = ("Unknown", "There is no such thing, or it belongs to somebody else: the answer is the same."),
        ["409"] = ("Conflict", "It contradicts the state of things, or others change the same at this moment."),
        ["412"] = ("Changed", "It has changed since the version that `If-Match` names."),
        ["413"] = ("TooLarge", "The body is larger than 256 KiB."),
        ["415"] = ("MediaType", "The body is not of the type that is described here."),
        ["422"] = ("Unprocessable", "Well formed, and refused by the rules. Anything that looks like a card number is refused so."),
        ["428"] = ("VersionRequired", "A change takes `If-Match` with the `ETag` last read."),
        ["429"] = ("TooMany", "Too many requests: ask again after `Retry-After` seconds."),
        ["431"] = ("HeadersTooLarge", "The request's headers are larger than 16 KiB; this answer has no body."),
        ["503"] = ("Unavailable", "Something that is needed for the answer is away: ask again after `Retry-After` seconds."),
        [Default] = ("Failed", "Whatever else goes wrong."),
    };

    public static IOpenApiResponse Of(string status, OpenApiDocument document) => new OpenApiResponseReference(All[status].Name, document);

    /// <summary>Adds those that some operation refers to, and the schema of all of them.</summary>
    public static void Describe(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal);
        document.Components.Schemas[ProblemSchema] = Schema();
        var used = document.Paths.Values.SelectMany(path => path.Operations!.Values).SelectMany(operation => operation.Responses!.Values)
            .OfType<OpenApiResponseReference>().Select(response => response.Reference.Id).ToHashSet(StringComparer.Ordinal);
        document.Components.Responses = All.Where(one => used.Contains(one.Value.Name)).OrderBy(one => one.Value.Name, StringComparer.Ordinal)
            .ToDictionary(one => one.Value.Name, one => (IOpenApiResponse)Response(one.Key, one.Value.Description, document), StringComparer.Ordinal);
    }

    /// <summary>The response may have problem details as its body.</summary>
    public static void AddProblem(OpenApiResponse response, OpenApiDocument document) =>
        (response.Content ??= new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal))["application/problem+json"] =
            new OpenApiMediaType { Schema = new OpenApiSchemaReference(ProblemSchema, document) };

    private static OpenApiResponse Response(string status, string description, OpenApiDocument document)
    {
        var response = new OpenApiResponse { Description = description };
        if (status == "431")
        {
            return response;        // the server's own word, before any code of ours
        }

        AddProblem(response, document);
        if (status is "429" or "503")
        {
            response.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["Retry-After"] = new OpenApiHeader { Description = "Seconds.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" } },
            };
        }
        else if (status == "401")
        {
            response.Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["WWW-Authenticate"] = new OpenApiHeader { Description = "RFC 6750 §3.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
            };
        }

        return response;
    }

    private static OpenApiSchema Schema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "Problem details (RFC 9457).",
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "detail", "traceId" },
        AdditionalPropertiesAllowed = false,
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uri", Description = "What went wrong, for programs: `urn:argosy:problem:` and a code." },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What went wrong, for people." },
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "What is wrong with which member.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
            ["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Finds the request in logs and traces." },
        },
        Examples =
        [
            JsonNode.Parse("""{"type":"urn:argosy:problem:order.unknown","title":"Not found","status":404,"detail":"There is no such order.","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}""")!,
        ],
    };
}
