using Argosy.Mesh;
using Argosy.Mesh.Loading;
using Argosy.Mesh.Routing;

namespace Argosy.Gateway.Limits;

/// <summary>So many requests at once, and as many again over each window.</summary>
internal sealed record Quota(string Name, int Requests, TimeSpan Window);

/// <summary>A route with a policy of its own.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Path">The path that the service gets.</param>
/// <param name="ByAddress">Whether its callers are counted by address, users too.</param>
internal sealed record LimitedRoute(string Method, string Path, bool ByAddress);

/// <summary>A quota for each caller.</summary>
/// <param name="Quota">How much.</param>
/// <param name="Routes">Where; everywhere when empty.</param>
internal sealed record Policy(Quota Quota, IReadOnlyList<LimitedRoute> Routes)
{
    private static readonly LimitedRoute Everywhere = new("", "", ByAddress: false);

    /// <summary>The route by which it holds for a request; null where it does not.</summary>
    public LimitedRoute? Find(string method, string path)
    {
        if (Routes.Count == 0)
        {
            return Everywhere;
        }

        // As the services read it: ASP.NET Core minds neither the case nor a slash at the end, and that must be no way around.
        var read = path.AsSpan().TrimEnd('/');
        foreach (var route in Routes)
        {
            if (route.Method == method && read.Equals(route.Path, StringComparison.OrdinalIgnoreCase))
            {
                return route;
            }
        }

        return null;
    }
}

/// <summary>What <c>API_LIMITS</c> says, read strictly: what isn't obeyed is an error.</summary>
/// <param name="Policies">In the order they are written.</param>
/// <param name="Clients">Those with a quota of their own.</param>
/// <param name="Requests">What one request may be.</param>
internal sealed record LimitsFile(IReadOnlyList<Policy> Policies, IReadOnlyList<Quota> Clients, IReadOnlyList<RequestPolicy> Requests)
{
    private const int MostRequests = 1_000_000_000;

    /// <summary>The file's text; <paramref name="errors"/> is what is wrong with it, and then the result is of no use.</summary>
    public static LimitsFile Parse(string file, string yaml, out IReadOnlyList<MeshError> errors)
    {
        LimitsFile? read = null;
        errors = StrictYaml.Read(file, yaml, document =>
        {
            if (read is not null)
            {
                document.Fail("is a second one in this file, and limits are one: take it out");
            }

            read = ReadDocument(document);
        });
        if (errors.Count == 0 && read is not { Policies.Count: > 0 })
        {
            errors = [new MeshError(new Origin(file, 1), "there is no policy in it: write policies, with a name, a quota and a window")];
        }

        return read ?? new LimitsFile([], [], []);
    }

    private static LimitsFile ReadDocument(Node document)
    {
        document.AllowOnly("policies", "clients", "requests");
        var policies = (document.Require("policies")?.Fields() ?? []).Select(field => ReadPolicy(field.Key, field.Value)).ToList();
        var clients = new List<Quota>();
        foreach (var (name, client) in document.Get("clients")?.Fields() ?? [])
        {
            client.AllowOnly("quota", "window");
            clients.Add(ReadQuota(name, client));
            if (policies.Exists(policy => policy.Quota.Name == name))
            {
                client.Fail("has the name of a policy, and callers could not tell them apart: choose another one");
            }
        }

        return new LimitsFile(policies, clients, RequestPolicy.ReadAll(document.Get("requests")));
    }

    private static Policy ReadPolicy(string name, Node policy)
    {
        policy.AllowOnly("quota", "window", "routes");
        var list = policy.Get("routes");
        var routes = list is null ? [] : list.Items().Select(ReadRoute).ToList();
        if (list is not null && routes.Count == 0)
        {
            list.Fail("has no route in it: write some, or leave it out and the policy holds everywhere");
        }

        return new Policy(ReadQuota(name, policy), routes);
    }

    // Answers repeat the name, in quotes, and Redis's keys contain it.
    private static Quota ReadQuota(string name, Node node)
    {
        if (name.Length is 0 or > 32 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            node.Fail("must have a name of up to 32 small letters, digits and dashes");
        }

        var requests = node.Require("quota")?.Number(1, MostRequests) ?? 1;
        return new Quota(name, requests, ReadWindow(node.Require("window")));
    }

    // RateLimit-Policy has whole seconds (draft-ietf-httpapi-ratelimit-headers-11, 3.1.3).
    private static TimeSpan ReadWindow(Node? node)
    {
        var window = node?.Duration() ?? TimeSpan.FromSeconds(1);
        if (window < TimeSpan.FromSeconds(1) || window.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            node!.Fail("must be whole seconds, at least one: write 60s or 1m");
        }

        return window;
    }

    private static LimitedRoute ReadRoute(Node route)
    {
        route.AllowOnly("method", "path", "by");
        var (method, path, by) = (route.Require("method")?.Text() ?? "", route.Require("path")?.Text() ?? "/", route.Get("by")?.Text());
        if (method.Length > 0 && !Admission.IsKnown(method))
        {
            route.Get("method")!.Fail($"is {method}, which the gateway does not take: write one of {Admission.Methods}");
        }

        if (!RequestPath.IsNormal(path) || (path.Length > 1 && path[^1] == '/'))
        {
            route.Get("path")!.Fail($"is {path}, which is never compared with: start with / and leave out a slash at the end, dot segments, escapes and a query");
        }

        if (by is not (null or "address"))
        {
            route.Get("by")!.Fail($"is {by}: write address, or leave it out to count users as themselves");
        }

        return new LimitedRoute(method, path, by is not null);
    }
}
