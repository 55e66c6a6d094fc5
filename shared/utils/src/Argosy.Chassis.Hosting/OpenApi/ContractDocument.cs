using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>
/// Makes the document, in a container of its own that goes with it. In the process's own, every start would pay for what hardly anybody
/// asks for: time, and the memory of two libraries.
/// </summary>
internal static class ContractDocument
{
    private const string Name = "v1";

    /// <param name="app">Has the routes.</param>
    /// <param name="parts">By which the framework tells what of a handler's parameters is a service, and what comes with the request.</param>
    /// <param name="yaml">And not JSON.</param>
    /// <param name="cancellation">When nobody waits for it any more.</param>
    public static async Task<string> WriteAsync(IServiceProvider app, IServiceCollection parts, bool yaml, CancellationToken cancellation)
    {
        var services = new ServiceCollection();
        foreach (var part in parts)
        {
            ((ICollection<ServiceDescriptor>)services).Add(part);
        }

        services.AddSingleton(app.GetRequiredService<EndpointDataSource>());
        services.AddSingleton(app.GetRequiredService<IServer>());
        services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.CreateSchemaReferenceId = new SchemaNames().Of;
            options.AddOperationTransformer<OperationTransformer>();
            options.AddSchemaTransformer<SchemaTransformer>();
            options.AddDocumentTransformer<DocumentTransformer>();
        });
        await using var provider = services.BuildServiceProvider();
        var document = await provider.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(cancellation);
        return yaml
            ? $"{await document.SerializeAsYamlAsync(OpenApiSpecVersion.OpenApi3_1, cancellation)}\n"
            : await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellation);
    }
}
