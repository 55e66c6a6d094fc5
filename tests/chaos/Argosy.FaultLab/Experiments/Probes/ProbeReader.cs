using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>Reads an experiment's <c>probe</c> list.</summary>
/// <param name="processes">Whom a URL may name.</param>
internal sealed class ProbeReader(IReadOnlyList<string> processes)
{
    private static readonly TimeSpan UsualPolling = TimeSpan.FromSeconds(1);

    public IReadOnlyList<Probe> Read(Node? list)
    {
        var probes = new List<Probe>();
        foreach (var item in list?.Items() ?? [])
        {
            if (ReadProbe(item) is { } probe)
            {
                if (probes.Exists(other => other.Name == probe.Name))
                {
                    item.Get("name")!.Fail($"is {probe.Name} for the second time");
                }

                probes.Add(probe);
            }
        }

        return probes;
    }

    private Probe? ReadProbe(Node item)
    {
        item.AllowOnly("name", "type", "mode", "runProperties", "httpProbe/inputs", "promProbe/inputs", "cmdProbe/inputs");
        var name = item.Require("name")?.Text();
        var mode = ReadMode(item.Require("mode"));
        var run = ReadRun(item.Require("runProperties"));
        if (item.Require("type") is not { } typeNode || typeNode.Text() is not { } type)
        {
            return null;
        }

        if (type is not ("httpProbe" or "promProbe" or "cmdProbe"))
        {
            typeNode.Fail($"is {type}, which the lab doesn't ask: it asks httpProbe, promProbe, cmdProbe");
            return null;
        }

        if (item.Require($"{type}/inputs") is not { } inputs)
        {
            return null;
        }

        foreach (var other in new[] { "httpProbe", "promProbe", "cmdProbe" }.Where(other => other != type))
        {
            item.Get($"{other}/inputs")?.Fail($"is there, and the probe is a {type}: take it out");
        }

        ICheck? check = type switch { "httpProbe" => HttpCheck.Read(inputs, processes), "promProbe" => PromCheck.Read(inputs), _ => CmdCheck.Read(inputs) };
        return name is null || mode is null || run is null || check is null ? null : new Probe(name, type, mode.Value, run, check);
    }

    private static ProbeMode? ReadMode(Node? node)
    {
        if (node?.Text() is not { } text)
        {
            return null;
        }

        foreach (var mode in Enum.GetValues<ProbeMode>())
        {
            if (text == mode.ToString())
            {
                return mode;
            }
        }

        node.Fail($"is {text}, and takes {string.Join(", ", Enum.GetNames<ProbeMode>())}");
        return null;
    }

    private static RunProperties? ReadRun(Node? node)
    {
        node?.AllowOnly("probeTimeout", "interval", "retry", "attempt", "probePollingInterval", "initialDelay", "stopOnFailure");
        if (node?.Require("probeTimeout")?.Duration() is not { } timeout || node.Require("interval")?.Duration() is not { } interval)
        {
            return null;
        }

        // At Litmus the one is the newer name of the other.
        var retry = node.Get("retry")?.Number(1, 1000);
        var attempts = node.Get("attempt")?.Number(1, 1000) ?? retry ?? 1;
        if (timeout == TimeSpan.Zero)
        {
            node.Get("probeTimeout")!.Fail("is no time at all: every look would be too late");
        }

        return new RunProperties(timeout, interval, attempts, node.Get("probePollingInterval")?.Duration() ?? UsualPolling,
            node.Get("initialDelay")?.Duration() ?? TimeSpan.Zero, node.Get("stopOnFailure")?.Boolean() ?? false);
    }
}
