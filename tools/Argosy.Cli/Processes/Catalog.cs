using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Argosy.Cli.Processes;

/// <summary>A process that the launcher starts: its name, its assembly, its usual port.</summary>
internal sealed record CatalogEntry(string Name, string Project, int Port, bool HandlesMessages);

/// <summary>
/// Reads <c>services/*/catalog-info.yaml</c>, the only place where a service is described. The payment provider stands for the
/// world outside, so it has no entry there and is added here.
/// </summary>
internal static class Catalog
{
    public const string Gateway = "gateway";
    public const string Provider = "payment-provider";
    private const int ProviderPort = 5190;

    public static IReadOnlyList<CatalogEntry> Read(Repository repository)
    {
        var files = Directory.GetFiles(Path.Combine(repository.Root, "services"), "catalog-info.yaml", SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        var provider = Path.Combine(repository.Root, "tools", Provider);
        return [.. files.Select(ReadEntry), new CatalogEntry(Provider, Repository.ProjectIn(provider), ProviderPort, HandlesMessages: false)];
    }

    private static CatalogEntry ReadEntry(string file)
    {
        try
        {
            var stream = new YamlStream();
            using var reader = File.OpenText(file);
            stream.Load(reader);
            var document = (YamlMappingNode)stream.Documents[0].RootNode;
            var argosy = Mapping(Mapping(document, "spec"), "argosy");
            var name = Scalar(Mapping(document, "metadata"), "name");
            return new CatalogEntry(
                name,
                Repository.ProjectIn(Path.GetDirectoryName(file)!),
                int.Parse(Scalar(argosy, "port")),
                argosy.Children.TryGetValue("handles", out var handles) && handles is YamlSequenceNode { Children.Count: > 0 });
        }
        catch (Exception e) when (e is YamlException or InvalidCastException or KeyNotFoundException or FormatException or ArgumentException)
        {
            var line = e is YamlException yaml ? $":{yaml.Start.Line}" : "";
            throw new Refusal($"{file}{line}: not a Backstage component with spec.argosy.port: {e.Message}");
        }
    }

    private static YamlMappingNode Mapping(YamlMappingNode parent, string key) => (YamlMappingNode)parent[key];

    private static string Scalar(YamlMappingNode parent, string key) => ((YamlScalarNode)parent[key]).Value!;
}
