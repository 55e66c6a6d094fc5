using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>
/// The API's own description, <c>/openapi/v1.json</c> and <c>/openapi/v1.yaml</c> (OpenAPI 3.1), from what the routes are. Made when it is
/// asked for; the gateway leads nobody to it.
/// </summary>
internal static class Contract
{
    private const string Name = "v1";

    public static void AddContract(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = new SchemaNames().Of;
        options.AddOperationTransformer<OperationTransformer>();
        options.AddSchemaTransformer<SchemaTransformer>();
        options.AddDocumentTransformer<DocumentTransformer>();
    });

    public static void MapContract(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi/v1.json", http => SendAsync(http, "application/json", static (document, cancellation) => document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellation)))
            .AllowAnonymous().WithMetadata(new QuietMetadata()).ExcludeFromDescription();
        routes.MapGet("/openapi/v1.yaml", http => SendAsync(http, "application/yaml", static (document, cancellation) => document.SerializeAsYamlAsync(OpenApiSpecVersion.OpenApi3_1, cancellation)))
            .AllowAnonymous().WithMetadata(new QuietMetadata()).ExcludeFromDescription();
    }

    private static async Task SendAsync(HttpContext http, string type, Func<OpenApiDocument, CancellationToken, Task<string>> write)
    {
        var document = await http.RequestServices.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(http.RequestAborted);
        var body = Encoding.UTF8.GetBytes(await write(document, http.RequestAborted));
        http.Response.ContentType = $"{type}; charset=utf-8";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
