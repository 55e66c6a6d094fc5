using System.Globalization;
using System.Text.RegularExpressions;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Fleets;

/// <summary>A link of a fleet: who connects, and to whom.</summary>
internal sealed record LinkName(string From, string To)
{
    public override string ToString() => $"{From}→{To}";
}

/// <summary>
/// All links of a fleet, each through a proxy of its own: whatever address of another process a process is told in its environment
/// becomes the address of the proxy between these two.
/// </summary>
internal sealed partial class Links : IAsyncDisposable
{
    /// <summary>Who isn't in the fleet: those at its door.</summary>
    public const string Clients = "clients";

    // Where a process is told of others. The issuer of tokens is left as it is: it is compared, and never called.
    private static readonly string[] Told = ["SERVICE_ENDPOINTS", "STRIPE_API_BASE", "PROVIDER_WEBHOOK_URL", "DATABASE_URL", "RABBITMQ_URL", "REDIS_URL"];

    private readonly Dictionary<LinkName, TcpProxy> _proxies = [];

    private Links()
    {
    }

    public IReadOnlyDictionary<LinkName, TcpProxy> All => _proxies;

    /// <summary>Where clients ask.</summary>
    public Uri Door => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_proxies[new LinkName(Clients, Catalog.Gateway)].Port}"));

    /// <summary>Puts a proxy into every link of these processes, and gives the plans that go through them.</summary>
    public static (Links Links, IReadOnlyList<ProcessPlan> Plans) Through(IReadOnlyList<ProcessPlan> plans)
    {
        var links = new Links();
        var names = plans.ToDictionary(plan => plan.Port, plan => plan.Name);
        links._proxies[new LinkName(Clients, Catalog.Gateway)] = new TcpProxy(plans.Single(plan => plan.Name == Catalog.Gateway).Port);
        return (links, [.. plans.Select(plan => plan with { Environment = links.Wire(plan, names) })]);
    }

    /// <summary>All is as it should be again.</summary>
    public void Heal()
    {
        foreach (var proxy in _proxies.Values)
        {
            proxy.Weather = Weather.Fair;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies.Values)
        {
            await proxy.DisposeAsync();
        }
    }

    private Dictionary<string, string?> Wire(ProcessPlan plan, Dictionary<int, string> names)
    {
        var environment = new Dictionary<string, string?>(plan.Environment, StringComparer.Ordinal);
        foreach (var variable in Told.Where(variable => environment.GetValueOrDefault(variable) is not null))
        {
            environment[variable] = Address.Replace(environment[variable]!, address => Detour(plan.Name, address, names));
        }

        return environment;
    }

    private string Detour(string from, Match address, Dictionary<int, string> names)
    {
        var port = int.Parse(address.Groups["port"].ValueSpan, CultureInfo.InvariantCulture);
        if (!names.TryGetValue(port, out var to) || to == from)
        {
            return address.Value;
        }

        var link = new LinkName(from, to);
        if (!_proxies.TryGetValue(link, out var proxy))
        {
            _proxies[link] = proxy = new TcpProxy(port);
        }

        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{proxy.Port}");
    }

    [GeneratedRegex(@"127\.0\.0\.1:(?<port>[0-9]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Address { get; }
}
