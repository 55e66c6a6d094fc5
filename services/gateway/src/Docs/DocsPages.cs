using System.Collections.Frozen;
using System.IO.Compression;
using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Gateway.Limits;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace Argosy.Gateway.Docs;

/// <summary>
/// <c>/docs</c>: the API of all services to read and to try out, with a login. Swagger UI's files as their package has them, a page of our
/// own around them, and the document from <see cref="MergedContract"/>, made again at most once a minute; where a service is missing, once in five seconds.
/// </summary>
internal static class DocsPages
{
    public const string Path = "/docs";

    /// <summary>What everything of it but the page begins with.</summary>
    public const string Below = $"{Path}/";

    /// <summary>What its client may have (auth-service's clients.json), and so what the page offers.</summary>
    public const string Scopes = "openid api";

    private const string Folder = "Swashbuckle.AspNetCore.SwaggerUI.node_modules.swagger_ui_dist.";
    private const string Html = "text/html";
    private const string Script = "text/javascript";
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FreshInPart = TimeSpan.FromSeconds(5);

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["swagger-ui.css"] = "text/css",
        ["swagger-ui-bundle.js"] = Script,
        ["oauth2-redirect.js"] = Script,
        ["favicon-32x32.png"] = "image/png",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private const string Page = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Argosy API</title>
        <link rel="icon" href="/docs/favicon-32x32.png">
        <link rel="stylesheet" href="/docs/swagger-ui.css">
        </head>
        <body>
        <div id="ui"></div>
        <script src="/docs/swagger-ui-bundle.js"></script>
        <script src="/docs/start.js"></script>
        </body>
        </html>

        """;

    private const string Start = $$"""
        const ui = SwaggerUIBundle({
          url: '/docs/openapi.json', dom_id: '#ui', deepLinking: true, persistAuthorization: false, tryItOutEnabled: true,
          oauth2RedirectUrl: new URL('/docs/oauth2-redirect.html', location.href).href,
          validatorUrl: null,
        });
        ui.initOAuth({ clientId: 'docs', scopes: '{{Scopes}}', usePkceWithAuthorizationCodeGrant: true });

        """;

    private const string Redirect = """
        <!doctype html>
        <html lang="en"><head><title>Argosy API</title></head><body><script src="/docs/oauth2-redirect.js"></script></body></html>

        """;

    private static readonly FrozenDictionary<string, (string Type, string Text)> Own = new Dictionary<string, (string, string)>(StringComparer.Ordinal)
    {
        ["start.js"] = (Script, Start),
        ["oauth2-redirect.html"] = (Html, Redirect),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // The UI sets styles by itself, and shows pictures that are in its style sheet.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public static void AddDocs(this ArgosyBuilder argosy)
    {
        argosy.Services.AddSingleton<MergedContract>();
        argosy.Services.AddSingleton<CachedContract>();
    }

    public static void MapDocs(this WebApplication app)
    {
        var limiter = app.Services.GetRequiredService<Limiter>();
        var docs = app.MapGroup(Path).AllowAnonymous().ServedAs(Priority.Exports);
        docs.AddEndpointFilter(async (call, next) => await limiter.RefuseAsync(call.HttpContext, call.HttpContext.Request.Path, default) is { } refusal ? refusal.ForWhoeverAsks(call.HttpContext.Request) : await next(call));
        var front = LoopbackFront.Of(app.Services.GetRequiredService<ServiceOptions>().JwtIssuer);
        docs.AddEndpointFilter(async (call, next) => front?.Elsewhere(call.HttpContext.Request) is { } there ? Results.Redirect(there) : await next(call));
        docs.MapGet("/", (Delegate)ReadAsync)
            .WithSummary("Read the API of all services, and try it out").Answers<string>(200, "A page for a browser.", Html);
        docs.MapGet("/openapi.json", ContractAsync)
            .WithSummary("The API of all services as one document (OpenAPI 3.1)").Answers<JsonElement>(200, "What can be reached through this gateway.");
        docs.MapGet("/{file}", FileAsync)
            .WithSummary("What the page needs").Answers<string>(200, "A script, a style sheet or a picture.", Script).Refuses(404);
    }

    private static Task ReadAsync(HttpContext http) => SendAsync(http, Html, Page);

    private static async Task<IResult> ContractAsync(HttpContext http, CachedContract contract)
    {
        http.Response.Headers.CacheControl = "no-cache";
        return Results.Text(await contract.ReadAsync(http.RequestAborted), "application/json");
    }

    private static Task SendAsync(HttpContext http, string type, string text)
    {
        http.Response.Headers.ContentSecurityPolicy = Policy;
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.ContentType = $"{type}; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    // As they lie in the package, which is gzip; who does not take that gets them unpacked.
    private static async Task FileAsync(HttpContext http, string file)
    {
        if (Own.TryGetValue(file, out var own))
        {
            await SendAsync(http, own.Type, own.Text);
            return;
        }

        if (!Types.TryGetValue(file, out var type) || typeof(SwaggerUIOptions).Assembly.GetManifestResourceStream(Folder + file) is not { } resource)
        {
            await Problem.NotFound("docs.unknown", "The documentation has no such file.").ToResult().ExecuteAsync(http);
            return;
        }

        await using var packed = resource;
        http.Response.ContentType = type;
        http.Response.Headers.CacheControl = "public, max-age=3600";
        http.Response.Headers.Vary = "Accept-Encoding";
        if (http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            await packed.CopyToAsync(http.Response.Body, http.RequestAborted);
            return;
        }

        await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        await unpacked.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    /// <summary>The document as text, for everybody who asks while it is fresh.</summary>
    internal sealed class CachedContract(MergedContract contract, TimeProvider time) : IDisposable
    {
        private readonly SemaphoreSlim _one = new(1, 1);
        private (string Text, TimeSpan Fresh, long Made)? _last;

        public void Dispose() => _one.Dispose();

        public async Task<string> ReadAsync(CancellationToken cancellation)
        {
            await _one.WaitAsync(cancellation);
            try
            {
                if (_last is not { } last || time.GetElapsedTime(last.Made) > last.Fresh)
                {
                    var (document, whole) = await contract.MakeAsync(cancellation);
                    _last = last = (document.ToJsonString(), whole ? Fresh : FreshInPart, time.GetTimestamp());
                }

                return last.Text;
            }
            finally
            {
                _one.Release();
            }
        }
    }
}
