using System.Text.RegularExpressions;
using Argosy.Cli;
using Argosy.FaultLab.Experiments.Kinds;
using Argosy.FaultLab.Experiments.Probes;
using Argosy.Mesh;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Files;

/// <summary>
/// Reads a <c>ChaosEngine</c> of LitmusChaos 3 (v1alpha1) strictly: what the lab wouldn't do, or a probe that it wouldn't ask, is an error
/// and never ignored, since an experiment that is half done has a verdict all the same.
/// </summary>
/// <param name="targets">The processes that a label can select.</param>
internal sealed partial class EngineFile(IReadOnlyCollection<string> targets)
{
    private const string ApiVersion = "litmuschaos.io/v1alpha1";
    private const string Namespace = "default";

    /// <summary>The engine of a file; everything that is wrong with it is one refusal.</summary>
    public ChaosEngine Load(string path)
    {
        try
        {
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Refusal($"{path} can't be read: {e.Message}");
        }
    }

    /// <summary>Reads text; <paramref name="file"/> is only the name that errors carry.</summary>
    public ChaosEngine Parse(string file, string yaml)
    {
        var engines = new List<ChaosEngine?>();
        var errors = StrictYaml.Read(file, yaml, document =>
        {
            if (engines.Count > 0)
            {
                document.Fail("is the second in this file: an experiment is found by its file, so keep one in each");
            }

            engines.Add(ReadEngine(document));
        });
        return errors.Count > 0 ? throw new Refusal(string.Join('\n', errors))
            : engines is [{ } engine] ? engine
            : throw new Refusal($"{file}:1: holds no ChaosEngine: see tests/chaos/README.md, Experiments");
    }

    private ChaosEngine? ReadEngine(Node document)
    {
        document.AllowOnly("apiVersion", "kind", "metadata", "spec");
        Fixed(document.Require("apiVersion"), ApiVersion);
        Fixed(document.Require("kind"), "ChaosEngine");
        if (ReadName(document.Require("metadata")) is not { } name || document.Require("spec") is not { } spec)
        {
            return null;
        }

        spec.AllowOnly("engineState", "appinfo", "chaosServiceAccount", "jobCleanUpPolicy", "experiments");
        spec.Require("chaosServiceAccount")?.Text();
        OneOf(spec.Get("jobCleanUpPolicy"), "delete", "retain");
        if (OneOf(spec.Require("engineState"), "active", "stop") == "stop")
        {
            spec.Get("engineState")!.Fail("is stop, by which Litmus aborts an experiment: write active to have it run");
        }

        var target = ReadTarget(spec.Require("appinfo"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        var experiments = (spec.Require("experiments")?.Items() ?? []).Select(item => ReadExperiment(item, target, names)).ToList();
        if (experiments.Count == 0)
        {
            spec.Get("experiments")?.Fail("has no experiment: name one of " + PodChaos.Known);
        }

        return target is null || experiments.Contains(null) ? null : new ChaosEngine(name, target, [.. experiments.OfType<Experiment>()], document.Origin);
    }

    private static string? ReadName(Node? metadata)
    {
        metadata?.AllowOnly("name", "namespace", "labels", "annotations");
        Fixed(metadata?.Get("namespace"), Namespace);
        if (metadata?.Require("name") is not { } node || node.Text() is not { } name)
        {
            return null;
        }

        // RFC 1123, as Kubernetes has it: it is also a file's name.
        if (name.Length > 63 || !Label().IsMatch(name))
        {
            node.Fail($"is {name}: write lower-case letters, digits and -, at most 63, and begin and end with a letter or digit");
        }

        return name;
    }

    // The blast radius. In the cluster the label selects pods, here the process that such pods hold.
    private string? ReadTarget(Node? appinfo)
    {
        appinfo?.AllowOnly("appns", "applabel", "appkind");
        Fixed(appinfo?.Require("appns"), Namespace);
        Fixed(appinfo?.Require("appkind"), "deployment");
        if (appinfo?.Require("applabel") is not { } node || node.Text() is not { } label)
        {
            return null;
        }

        if (label.Split('=') is ["app", var process] && targets.Contains(process))
        {
            return process;
        }

        node.Fail($"is {label}, which selects nothing: write app=NAME, where NAME is one of {string.Join(", ", targets.Order(StringComparer.Ordinal))}");
        return null;
    }

    private Experiment? ReadExperiment(Node item, string? target, HashSet<string> names)
    {
        item.AllowOnly("name", "spec");
        if (item.Require("name") is not { } nameNode || nameNode.Text() is not { } name || item.Require("spec") is not { } spec)
        {
            return null;
        }

        if (!names.Add(name))
        {
            nameNode.Fail($"is {name} for the second time: an engine has one result for each name, so write a second engine");
        }

        spec.AllowOnly("components", "probe");
        var components = spec.Get("components");
        components?.AllowOnly("env");
        var chaos = PodChaos.Read(nameNode, name, new Variables(item, components?.Get("env")), target ?? "", targets);
        var probes = new ProbeReader([.. targets]).Read(spec.Get("probe"));
        return chaos is null ? null : new Experiment(name, chaos, probes);
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Label();

    private static void Fixed(Node? node, string value) => OneOf(node, value);

    private static string? OneOf(Node? node, params string[] values)
    {
        if (node?.Text() is not { } text)
        {
            return null;
        }

        if (!values.Contains(text, StringComparer.Ordinal))
        {
            node.Fail($"is {text}, and takes {string.Join(" or ", values)} here");
        }

        return text;
    }
}
