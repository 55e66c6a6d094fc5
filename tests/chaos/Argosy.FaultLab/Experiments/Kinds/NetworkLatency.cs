using System.Globalization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>
/// What leaves the pod leaves late, as <c>netem</c> on its interface does it: its requests to others, and its answers to whoever asked;
/// what it receives isn't. With destinations only what goes to those.
/// </summary>
internal sealed record NetworkLatency(string Process, TimeSpan Latency, TimeSpan Jitter, IReadOnlyList<string> Destinations) : PodChaos(Process)
{
    public override string What => string.Create(CultureInfo.InvariantCulture, $"what it sends{(Destinations.Count > 0 ? $" to {string.Join(", ", Destinations)}" : "")} is {Latency.TotalMilliseconds:0} ms late")
        + (Jitter > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $" ±{Jitter.TotalMilliseconds:0}") : "");

    public static NetworkLatency Read(Variables env, string process, IReadOnlyCollection<string> processes)
    {
        env.ForTheClusterOnly("NETWORK_INTERFACE", "TC_IMAGE");
        var latency = env.Milliseconds("NETWORK_LATENCY", 2000, from: 1);
        var jitter = env.Milliseconds("JITTER", 0);
        if (jitter > latency)
        {
            env.Fail("JITTER", $"is more than NETWORK_LATENCY, {latency.TotalMilliseconds:0}: nothing arrives before it was sent");
        }

        var hosts = (env.Text("DESTINATION_HOSTS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(host => (Host: host, Process: host.Split('.')[0])).ToList();
        if (hosts.FindIndex(host => !processes.Contains(host.Process) || host.Process == process) is >= 0 and var wrong)
        {
            env.Fail("DESTINATION_HOSTS", $"names {hosts[wrong].Host}, and takes others of the fleet, as the cluster names them: {string.Join(", ", processes.Where(p => p != process).Order(StringComparer.Ordinal))}");
        }

        return new NetworkLatency(process, latency, jitter, [.. hosts.Select(host => host.Process)]) { Length = env.Seconds("TOTAL_CHAOS_DURATION", 60) };
    }

    public override IFault On(LabFleet fleet)
    {
        // netem's jitter goes both ways, evenly.
        var late = new Flow { Latency = Latency - Jitter, Jitter = Jitter * 2 };
        var names = fleet.Links!.All.Keys.OrderBy(link => link.ToString(), StringComparer.Ordinal).ToList();
        return new Together(
        [
            new BadWeather("slow", [.. names.Where(link => link.From == Process && IsMeant(link.To))], new Weather(late, Flow.Free)),
            new BadWeather("slow", [.. names.Where(link => link.To == Process && IsMeant(link.From))], new Weather(Flow.Free, late)),
        ]);
    }

    public override string TraceOn(LabFleet fleet) => string.Create(CultureInfo.InvariantCulture,
        $"{fleet.Links!.All.Where(link => link.Key.From != Links.Probes).Where(link => (link.Key.From == Process && IsMeant(link.Key.To)) || (link.Key.To == Process && IsMeant(link.Key.From))).Sum(link => link.Value.Delayed)} pieces were late");

    private bool IsMeant(string other) => Destinations.Count == 0 || Destinations.Contains(other, StringComparer.Ordinal);
}

/// <summary>Several things at once.</summary>
internal sealed record Together(IReadOnlyList<IFault> Faults) : IFault
{
    public string What => string.Join(" and ", Faults.Select(fault => fault.What).Distinct(StringComparer.Ordinal));

    public string Whom => string.Join(", ", Faults.Select(fault => fault.Whom));

    public IReadOnlyList<string> Touches => [.. Faults.SelectMany(fault => fault.Touches)];

    public Task InflictAsync(LabFleet fleet, CancellationToken end) => Task.WhenAll(Faults.Select(fault => fault.InflictAsync(fleet, end)));
}
