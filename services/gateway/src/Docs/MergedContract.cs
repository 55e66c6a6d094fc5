using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Resilience;
using Argosy.Gateway.Keys;

namespace Argosy.Gateway.Docs;

/// <summary>
/// One OpenAPI document of what all services say of themselves. The protocol:
/// <list type="number">
/// <item>Of each service that the public routes lead to, ask one instance for its document; who does not answer in time is left out, and named.</item>
/// <item>Keep the operations that somebody outside can reach, by the very route table that requests go by.</item>
/// <item>What they refer to comes along under the service's name, so that two services may have an Address each.</item>
/// <item>Services know nothing of keys: where users' are taken is said here, where they are known.</item>
/// </list>
/// </summary>
internal sealed class MergedContract(PublicRoutes routes, ClientKeys keys, ServiceOptions options) : IDisposable
{
    private const string Reference = "$ref";
    private const string Components = "#/components/";
    private const string KeyScheme = "apiKey";
    private const int MaxDocument = 4 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http = new(new LostConnectionHandler(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })) { Timeout = Patience, MaxResponseContentBufferSize = MaxDocument };

    /// <summary>The document, and whether every service is in it.</summary>
    public async Task<(JsonObject Document, bool Whole)> MakeAsync(CancellationToken cancellation)
    {
        var upstreams = routes.Upstreams.DistinctBy(upstream => upstream.Name).OrderBy(upstream => upstream.Name, StringComparer.Ordinal).ToList();
        var documents = await Task.WhenAll(upstreams.Select(upstream => AskAsync(upstream, cancellation)));
        var merged = new JsonObject { ["paths"] = new JsonObject(), ["components"] = new JsonObject() };
        foreach (var (upstream, document) in upstreams.Zip(documents))
        {
            if (document is not null)
            {
                Add(merged, upstream.Name, document);
            }
        }

        var silent = upstreams.Zip(documents).Where(pair => pair.Second is null).Select(pair => pair.First.Name).ToList();
        merged["openapi"] = "3.1.1";
        merged["info"] = new JsonObject
        {
            ["title"] = "Argosy",
            ["version"] = "1",
            ["description"] = silent.Count == 0 ? "The public API of all services." : $"The public API of all services. Without {string.Join(" and ", silent)}, which did not answer.",
        };
        (merged["components"]!["securitySchemes"] ??= new JsonObject())[KeyScheme] = new JsonObject
        {
            ["type"] = "apiKey",
            ["in"] = "header",
            ["name"] = keys.Header,
            ["description"] = "A user's API key, made at `POST /api/v1/auth/api-keys`; alone, and not beside an access token.",
        };
        merged["servers"] = new JsonArray(new JsonObject { ["url"] = "/" });
        return (merged, silent.Count == 0);
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonObject?> AskAsync(Upstream upstream, CancellationToken cancellation)
    {
        try
        {
            return upstream.InTurn().FirstOrDefault() is { } instance
                ? await _http.GetFromJsonAsync<JsonObject>($"{instance.Prefix}/openapi/v1.json", cancellation)
                : null;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private void Add(JsonObject merged, string service, JsonObject document)
    {
        var prefix = service.EndsWith("-service", StringComparison.Ordinal) ? service[..^"-service".Length] : service;
        Rename(document, prefix);
        foreach (var (path, item) in document["paths"]?.AsObject().ToList() ?? [])
        {
            var operations = item!.AsObject().Where(operation => routes.LeadsTo(operation.Key.ToUpperInvariant(), path, service)).ToList();
            foreach (var (method, operation) in operations)
            {
                operation!["operationId"] = $"{prefix}.{operation["operationId"]}";
                if ((string?)operation["x-callers"] == "users" && operation["x-api-keys"] is null)
                {
                    operation["security"]!.AsArray().Add(new JsonObject { [KeyScheme] = new JsonArray() });
                }

                var paths = merged["paths"]!.AsObject();
                paths.TryAdd(path, new JsonObject());
                paths[path]![method] = operation.DeepClone();
            }
        }

        foreach (var (section, parts) in document["components"]?.AsObject().ToList() ?? [])
        {
            var components = merged["components"]!.AsObject();
            components.TryAdd(section, new JsonObject());
            foreach (var (name, part) in parts!.AsObject())
            {
                // How one proves oneself is the same everywhere.
                components[section]!.AsObject().TryAdd(section == "securitySchemes" ? name : $"{prefix}.{name}", section == "securitySchemes" ? Addressed(part!.DeepClone()) : part!.DeepClone());
            }
        }
    }

    // A browser is sent there from a page of ours, and a relative address would be one below that page. Its client has not all scopes that there are.
    private JsonNode Addressed(JsonNode scheme)
    {
        foreach (var (_, flow) in scheme["flows"]?.AsObject() ?? [])
        {
            foreach (var name in new[] { "authorizationUrl", "tokenUrl", "refreshUrl" })
            {
                if ((string?)flow![name] is { } url && url.StartsWith('/'))
                {
                    flow[name] = options.JwtIssuer?.TrimEnd('/') + url;
                }
            }

            foreach (var scope in flow!["scopes"]!.AsObject().Select(scope => scope.Key).Except(DocsPages.Scopes.Split(' '), StringComparer.Ordinal).ToList())
            {
                flow["scopes"]!.AsObject().Remove(scope);
            }
        }

        return scheme;
    }

    private static void Rename(JsonNode? node, string prefix)
    {
        switch (node)
        {
            case JsonObject map:
                if ((string?)(map[Reference] as JsonValue) is { } reference && reference.StartsWith(Components, StringComparison.Ordinal))
                {
                    var cut = reference.LastIndexOf('/') + 1;
                    map[Reference] = $"{reference[..cut]}{prefix}.{reference[cut..]}";
                }

                foreach (var (_, member) in map)
                {
                    Rename(member, prefix);
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    Rename(item, prefix);
                }

                break;
        }
    }
}
