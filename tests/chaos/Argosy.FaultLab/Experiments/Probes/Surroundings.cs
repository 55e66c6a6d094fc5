using System.Text.RegularExpressions;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>What probes look at: a fleet, by the names that a cluster has for it, and Prometheus where somebody asks it.</summary>
internal sealed partial class Surroundings(LabFleet fleet, Prometheus? prometheus) : IDisposable
{
    public HttpClient Http { get; } = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromSeconds(10) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public Prometheus Prometheus => prometheus ?? throw new InvalidOperationException("a probe asks Prometheus, and none was started");

    public LabFleet Fleet => fleet;

    /// <summary>The same address in this fleet. The door is the gateway's, through which clients come too.</summary>
    public Uri Resolve(Uri url) => new(new Uri(AddressOf(url.Host.Split('.')[0])), url.PathAndQuery);

    /// <summary>A text with all such addresses in it replaced.</summary>
    public string Resolve(string text) => Address().Replace(text, match => fleet.Plans.Any(plan => plan.Name == match.Groups["name"].Value) ? AddressOf(match.Groups["name"].Value) : match.Value);

    public void Dispose() => Http.Dispose();

    private string AddressOf(string process) => process == Catalog.Gateway ? fleet.Door : fleet.Links!.ForProbes(process);

    [GeneratedRegex(@"http://(?<name>[a-z][a-z-]*)(\.default(\.svc(\.cluster\.local)?)?)?:8080", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
