using Argosy.Chassis.RabbitMq;
using YamlDotNet.RepresentationModel;

namespace Argosy.Chassis.Hosting.Bus;

/// <summary>What a service's <c>catalog-info.yaml</c> says of it in <c>spec.argosy</c>.</summary>
/// <param name="Name">The service.</param>
/// <param name="Port">Where it listens on a laptop.</param>
/// <param name="Publishes">Message types that it may publish, by protobuf full name.</param>
/// <param name="Handles">Message types that it handles.</param>
public sealed record CatalogEntry(string Name, int Port, IReadOnlyList<string> Publishes, IReadOnlyList<string> Handles)
{
    /// <summary>What it is for, in one sentence.</summary>
    public string Description { get; init; } = "";
}

/// <summary>Who publishes and who handles what: every service's <c>catalog-info.yaml</c>, embedded in Argosy.Contracts.</summary>
public sealed class Catalog
{
    private readonly Dictionary<string, CatalogEntry> _entries;

    private Catalog(IEnumerable<CatalogEntry> all) => _entries = all.ToDictionary(entry => entry.Name, StringComparer.Ordinal);

    /// <summary>The catalogue that this build was made with.</summary>
    public static Catalog Embedded { get; } = Load();

    /// <summary>All services.</summary>
    public IReadOnlyCollection<CatalogEntry> Entries => _entries.Values;

    /// <summary>The entry of a service, or null where there is none.</summary>
    public CatalogEntry? Find(string service) => _entries.GetValueOrDefault(service);

    /// <summary>The services that handle something that <paramref name="publisher"/> publishes, and what.</summary>
    public IEnumerable<(string Service, IReadOnlyList<string> Types)> SubscribersOf(string publisher)
    {
        var publishes = Find(publisher)?.Publishes ?? [];
        return from entry in _entries.Values
               let types = entry.Handles.Intersect(publishes, StringComparer.Ordinal).ToArray()
               where types.Length > 0
               select (entry.Name, (IReadOnlyList<string>)types);
    }

    /// <summary>Whether a service may publish a type.</summary>
    public bool MayPublish(string service, string type) => Find(service)?.Publishes.Contains(type, StringComparer.Ordinal) == true;

    /// <summary>What a service does on a broker.</summary>
    internal BusPart PartOf(string service)
    {
        var entry = Find(service) ?? new CatalogEntry(service, 0, [], []);
        return new BusPart(
            service, entry.Publishes, entry.Handles,
            [.. SubscribersOf(service).Select(subscriber => new Subscription(subscriber.Service, Find(subscriber.Service)!.Handles))],
            [.. _entries.Values.SelectMany(other => other.Publishes).Except(entry.Handles, StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            // A type that nobody publishes here is another version's: who may send it, the broker has checked.
            (sender, type) => MayPublish(sender, type) || !_entries.Values.Any(other => other.Publishes.Contains(type, StringComparer.Ordinal)));
    }

    /// <summary>Reads one catalogue file.</summary>
    public static CatalogEntry Parse(TextReader yaml)
    {
        var stream = new YamlStream();
        stream.Load(yaml);
        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        var argosy = (YamlMappingNode)root["spec"]["argosy"];
        return new CatalogEntry(
            ((YamlScalarNode)root["metadata"]["name"]).Value!,
            int.Parse(((YamlScalarNode)argosy["port"]).Value!),
            Names(argosy, "publishes"),
            Names(argosy, "handles"))
        {
            Description = ((YamlScalarNode)root["metadata"]["description"]).Value!,
        };
    }

    private static string[] Names(YamlMappingNode argosy, string key) =>
        [.. ((YamlSequenceNode)argosy[key]).Children.Select(node => ((YamlScalarNode)node).Value!)];

    private static Catalog Load()
    {
        var contracts = typeof(Contracts.Common.V1.Line).Assembly;
        return new Catalog(contracts.GetManifestResourceNames()
            .Where(name => name.StartsWith("catalog/", StringComparison.Ordinal))
            .Select(name =>
            {
                using var reader = new StreamReader(contracts.GetManifestResourceStream(name)!);
                return Parse(reader);
            }));
    }
}
