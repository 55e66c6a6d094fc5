using System.Collections.ObjectModel;
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

    /// <summary>Who looks whether all is well.</summary>
    public const string Probes = "probes";

    // Where a process is told of others. The issuer of tokens is left as it is: it is compared, and never called.
    private static readonly string[] Told = ["SERVICE_ENDPOINTS", "STRIPE_API_BASE", "PROVIDER_WEBHOOK_URL", "DATABASE_URL", "RABBITMQ_URL", "REDIS_URL"];

    private readonly Dictionary<LinkName, TcpProxy> _proxies = [];

    private readonly IReadOnlyDictionary<string, HttpLink> _answers;

    private Links(IReadOnlyDictionary<string, HttpLink> answers) => _answers = answers;

    public IReadOnlyDictionary<LinkName, TcpProxy> All => _proxies;

    /// <summary>Where clients ask.</summary>
    public Uri Door => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_proxies[new LinkName(Clients, Catalog.Gateway)].Port}"));

    /// <summary>Puts a proxy into every link of these processes, and gives the plans that go through them.</summary>
    /// <param name="plans">The processes.</param>
    /// <param name="answers">Those before whose ports something else stands.</param>
    public static (Links Links, IReadOnlyList<ProcessPlan> Plans) Through(IReadOnlyList<ProcessPlan> plans, IReadOnlyDictionary<string, HttpLink>? answers = null)
    {
        var links = new Links(answers ?? ReadOnlyDictionary<string, HttpLink>.Empty);
        var names = plans.ToDictionary(plan => plan.Port, plan => plan.Name);
        links.Add(new LinkName(Clients, Catalog.Gateway), plans.Single(plan => plan.Name == Catalog.Gateway).Port);
        return (links, [.. plans.Select(plan => plan with { Environment = links.Wire(plan, names) })]);
    }

    /// <summary>Puts a link from <see cref="Probes"/> to each of these.</summary>
    public void ShowToProbes(IEnumerable<ProcessPlan> plans)
    {
        foreach (var plan in plans)
        {
            Add(new LinkName(Probes, plan.Name), plan.Port);
        }
    }

    /// <summary>Where probes ask it.</summary>
    public string ForProbes(string process) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_proxies[new LinkName(Probes, process)].Port}");

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

        return string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Add(new LinkName(from, to), port).Port}");
    }

    private TcpProxy Add(LinkName link, int port)
    {
        if (!_proxies.TryGetValue(link, out var proxy))
        {
            _proxies[link] = proxy = new TcpProxy(_answers.TryGetValue(link.To, out var answers) ? answers.Port : port);
        }

        return proxy;
    }

    [GeneratedRegex(@"127\.0\.0\.1:(?<port>[0-9]+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Address { get; }
}
