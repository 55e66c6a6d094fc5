using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Argosy.Mesh.Loading;

/// <summary>Reads YAML so that nothing in it goes unheard: what a reader does not obey, it complains of.</summary>
public static class StrictYaml
{
    /// <summary>Hands each document that is not empty to <paramref name="read"/>, and gives what was complained of, in the order of the file.</summary>
    /// <param name="file">The name that errors carry.</param>
    /// <param name="yaml">The text.</param>
    /// <param name="read">Reads one document.</param>
    public static IReadOnlyList<MeshError> Read(string file, string yaml, Action<Node> read)
    {
        var errors = new List<MeshError>();
        Read(new Reading(file, errors), yaml, read);
        return [.. errors.OrderBy(error => error.Origin.Line)];
    }

    internal static void Read(Reading reading, string yaml, Action<Node> read)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            foreach (var document in stream.Documents)
            {
                if (document.RootNode is not YamlScalarNode { Value: null or "" })      // nothing between two ---
                {
                    read(new Node(document.RootNode, "", reading));
                }
            }
        }
        catch (YamlException e)
        {
            reading.Fail(e.Start.Line, $"is not YAML: {e.Message}");
        }
    }
}
