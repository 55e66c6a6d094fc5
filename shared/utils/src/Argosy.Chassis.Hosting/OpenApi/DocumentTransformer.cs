using Argosy.Chassis.Hosting.Bus;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>What is said once for the whole document, in an order that does not depend on the run.</summary>
internal sealed class DocumentTransformer(ServiceOptions service) : IOpenApiDocumentTransformer
{
    /// <summary>An access token, from wherever it comes.</summary>
    public const string Bearer = "bearer";

    /// <summary>How a program gets one for its user.</summary>
    public const string OAuth = "oauth2";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = service.Name,
            Version = "1",
            Description = Catalog.Embedded.Find(service.Name)?.Description,
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        };
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = null;       // a name says nothing that the operations do not
        Order(document);
        Refusals.Describe(document);
        document.Components!.Schemas = document.Components.Schemas!.OrderBy(one => one.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        if (document.Paths.Values.Any(path => path.Operations!.Values.Any(operation => operation.Security is { Count: > 0 })))
        {
            DescribeSecurity(document);
        }

        return Task.CompletedTask;
    }

    private static void Order(OpenApiDocument document)
    {
        var paths = new OpenApiPaths();
        foreach (var (path, item) in document.Paths.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            ((OpenApiPathItem)item).Operations = item.Operations!.OrderBy(one => one.Key.Method, StringComparer.Ordinal).ToDictionary();
            paths.Add(path, item);
        }

        document.Paths = paths;
    }

    private static void DescribeSecurity(OpenApiDocument document) => document.Components!.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
    {
        [Bearer] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "An access token of auth-service in the profile of RFC 9068.",
        },
        [OAuth] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.OAuth2,
            Description = "Authorization code with PKCE (RFC 7636, S256).",
            Flows = new OpenApiOAuthFlows
            {
                AuthorizationCode = new OpenApiOAuthFlow
                {
                    AuthorizationUrl = new Uri("/connect/authorize", UriKind.Relative),
                    TokenUrl = new Uri("/connect/token", UriKind.Relative),
                    RefreshUrl = new Uri("/connect/token", UriKind.Relative),
                    Scopes = new Dictionary<string, string>(StringComparer.Ordinal)
                    {
                        ["openid"] = "Telling who the user is.",
                        ["email"] = "Telling the user's e-mail address.",
                        ["api"] = "Everything that the user may do.",
                    },
                },
            },
        },
    };
}
