using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>
/// The API's own description, <c>/openapi/v1.json</c> and <c>/openapi/v1.yaml</c> (OpenAPI 3.1), from what the routes are. Made when it is
/// asked for; the gateway leads nobody to it.
/// </summary>
internal static class Contract
{
    /// <summary>The document is made of what the process is made of, when that is complete.</summary>
    public static void AddContract(this IServiceCollection services) => services.AddSingleton(new Parts(services));

    public static void MapContract(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi/v1.json", static http => SendAsync(http, "application/json", yaml: false)).AllowAnonymous().ServedAs(Priority.Exports).Quiet().ExcludeFromDescription();
        routes.MapGet("/openapi/v1.yaml", static http => SendAsync(http, "application/yaml", yaml: true)).AllowAnonymous().ServedAs(Priority.Exports).Quiet().ExcludeFromDescription();
    }

    private static async Task SendAsync(HttpContext http, string type, bool yaml)
    {
        var parts = http.RequestServices.GetRequiredService<Parts>();
        var body = Encoding.UTF8.GetBytes(await ContractDocument.WriteAsync(http.RequestServices, parts.Services, yaml, http.RequestAborted));
        http.Response.ContentType = $"{type}; charset=utf-8";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private sealed record Parts(IServiceCollection Services);
}
