using System.Globalization;
using System.Text.RegularExpressions;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Resilience;
using Argosy.Gateway.Limits;
using Argosy.Mesh;
using Argosy.Mesh.Loading;
using Argosy.Mesh.Routing;

namespace Argosy.Gateway;

/// <summary>A rule of the route table and what it means here.</summary>
/// <param name="Name">The rule's name, for logs.</param>
/// <param name="Upstream">Who answers.</param>
/// <param name="Timeout">From arrival to the answer's last byte; null for a stream.</param>
/// <param name="Request">What its requests may be.</param>
internal sealed record Lane(string Name, Upstream Upstream, TimeSpan? Timeout, RequestPolicy Request)
{
    /// <summary>The timeout as <c>X-Deadline-Ms</c> says it.</summary>
    public string? Deadline { get; } = Timeout?.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);

    public bool IsStream => Timeout is null;

    /// <summary>What spans and metrics call its requests by.</summary>
    public Endpoint Endpoint { get; } = Endpoints.Named(Name, streams: Timeout is null);
}

/// <summary>The public route table, and the services that its rules lead to.</summary>
internal sealed partial class PublicRoutes
{
    private const string Variable = "API_ROUTES";
    private const string GatewayName = "api-gateway";

    private readonly RouteTable _table;
    private readonly Lane[] _lanes;

    private PublicRoutes(RouteTable table, Lane[] lanes)
    {
        _table = table;
        _lanes = lanes;
        Upstreams = [.. lanes.Select(lane => lane.Upstream).Distinct()];
    }

    public IReadOnlyList<Upstream> Upstreams { get; }

    /// <summary>The lane of a request and the path that its upstream gets; null for 404.</summary>
    public Lane? Find(HttpRequest request, RequestTarget target, out string path)
    {
        var decision = _table.Evaluate(new RequestView(request.Host.Value ?? "", request.Method, target.Path));
        path = decision.Path;
        return decision.Rule is { } rule ? _lanes[rule.Index] : null;
    }

    /// <summary>Whether somebody outside can reach an operation of a service; <paramref name="path"/> may have parameters in braces.</summary>
    public bool LeadsTo(string method, string path, string service)
    {
        var decision = _table.Evaluate(new RequestView("", method, Parameter().Replace(path, "x")));
        return decision.Rule is { } rule && _lanes[rule.Index].Upstream.Name == service && decision.Path == Parameter().Replace(path, "x");
    }

    /// <summary>Null when something is wrong, which is then noted in the settings: every error of the file is one.</summary>
    public static PublicRoutes? Load(Settings settings, ServiceOptions options, IReadOnlyList<RequestPolicy> requests)
    {
        var file = settings.RequiredText(Variable, "the YAML file with the public routes, such as infrastructure/istio/api-routes.yaml");
        if (file.Length == 0 || Read(settings, file) is not { } table)
        {
            return null;
        }

        var upstreams = new Dictionary<Destination, Upstream>();
        foreach (var rule in table.Rules)
        {
            var destination = rule.Route.Destination;
            if (!upstreams.ContainsKey(destination) && AddressesOf(destination, options) is { Count: > 0 } addresses)
            {
                upstreams.Add(destination, new Upstream(new Instances(destination.Host, addresses), TimeProvider.System, oneNameForAll: options.Endpoints is null));
            }
            else if (!upstreams.ContainsKey(destination))
            {
                settings.Refuse("SERVICE_ENDPOINTS", $"has no entry for {destination.Host}, where {rule.Route.Origin} leads: add {destination.Host}=http://HOST:PORT.");
            }
        }

        CheckNames(settings, requests, table, file);
        var others = requests.FirstOrDefault(policy => policy.Routes.Count == 0) ?? RequestPolicy.Default;
        return settings.Errors.Count > 0 ? null : new PublicRoutes(
            table, [.. table.Rules.Select(rule => new Lane(rule.Route.Name, upstreams[rule.Route.Destination], rule.Route.Timeout,
                requests.FirstOrDefault(policy => policy.Routes.Contains(rule.Route.Name, StringComparer.Ordinal)) ?? others))]);
    }

    // A misspelt name would limit nothing.
    private static void CheckNames(Settings settings, IReadOnlyList<RequestPolicy> requests, RouteTable table, string file)
    {
        var known = table.Rules.Select(rule => rule.Route.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (policy, name) in requests.SelectMany(policy => policy.Routes.Where(name => !known.Contains(name)).Select(name => (policy, name))))
        {
            settings.Refuse(LimitsSetup.Variable, $"{policy.Origin}: requests names the route {name}, and {file} has no rule of that name.");
        }
    }

    private static RouteTable? Read(Settings settings, string file)
    {
        try
        {
            if (RouteTable.TryCompile(MeshFile.Load(file), GatewayName, out var table, out var errors))
            {
                return table;
            }

            foreach (var error in errors)
            {
                settings.Refuse(Variable, $"{error}.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(Variable, $"is {file}, which cannot be read: {e.Message}");
        }

        return null;
    }

    // Where no endpoints are given, names resolve as Kubernetes and compose do it, and the rule says the port.
    private static IReadOnlyList<Uri> AddressesOf(Destination destination, ServiceOptions options)
        => options.Endpoints is null ? [new Uri($"http://{destination.Host}:{destination.Port ?? 8080}")] : options.AddressesOf(destination.Host);

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();
}
