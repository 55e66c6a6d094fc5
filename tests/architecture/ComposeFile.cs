using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Argosy.Architecture;

/// <summary>A compose file with its merge keys and its <c>extends</c> resolved, which is all of compose that these files use.</summary>
internal sealed class ComposeFile
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder().Build();

    private ComposeFile(IReadOnlyDictionary<string, ComposeContainer> containers) => Containers = containers;

    public IReadOnlyDictionary<string, ComposeContainer> Containers { get; }

    public static ComposeFile Load(params string[] path) =>
        new(Services(Repository.PathOf(path)).ToDictionary(service => service.Key, service => new ComposeContainer(service.Key, service.Value), StringComparer.Ordinal));

    /// <summary>A YAML file as maps, lists and texts.</summary>
    public static Dictionary<string, object?> Read(string path)
    {
        using var reader = new StreamReader(path);
        return Map(Yaml.Deserialize<object>(new MergingParser(new Parser(reader))));
    }

    public static Dictionary<string, object?> Map(object? node) =>
        ((Dictionary<object, object?>)node!).ToDictionary(pair => (string)pair.Key, pair => pair.Value, StringComparer.Ordinal);

    private static Dictionary<string, Dictionary<string, object?>> Services(string path) =>
        Map(Read(path)["services"]).ToDictionary(service => service.Key, service => Extended(path, Map(service.Value)), StringComparer.Ordinal);

    private static Dictionary<string, object?> Extended(string path, Dictionary<string, object?> service)
    {
        if (!service.Remove("extends", out var extends))
        {
            return service;
        }

        var from = Map(extends);
        var extended = Services(Path.Combine(Path.GetDirectoryName(path)!, (string)from["file"]!))[(string)from["service"]!];
        foreach (var (key, value) in service)
        {
            extended[key] = value;
        }

        return extended;
    }
}

/// <summary>A container as the file describes it.</summary>
internal sealed class ComposeContainer(string name, Dictionary<string, object?> keys)
{
    public string Name => name;

    public bool IsOurs => Image.StartsWith("argosy/", StringComparison.Ordinal) || Image.StartsWith("mcr.microsoft.com/dotnet/", StringComparison.Ordinal);

    public string Image => Text("image")!;

    public bool IsMonitoring => List("profiles").Contains("monitoring");

    public IReadOnlyDictionary<string, string> Environment => keys.TryGetValue("environment", out var node)
        ? ComposeFile.Map(node).ToDictionary(pair => pair.Key, pair => Convert.ToString(pair.Value, CultureInfo.InvariantCulture) ?? "", StringComparer.Ordinal)
        : new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Source and target of what is mounted.</summary>
    public IEnumerable<(string Source, string Target)> Volumes => List("volumes").Select(volume => volume.Split(':')).Select(parts => (parts[0], parts[1]));

    public string? Text(string key) => keys.GetValueOrDefault(key) as string;

    public IReadOnlyList<string> List(string key) => keys.GetValueOrDefault(key) is List<object> list ? [.. list.Select(item => (string)item)] : [];

    public override string ToString() => name;
}
