namespace Argosy.Mesh.Loading;

/// <summary>
/// Reads Istio's YAML strictly. A kind or field that Argosy does not obey is an error and never ignored: a route table that is
/// half obeyed is worse than none. Target: Istio 1.29.
/// </summary>
public static class MeshFile
{
    private const string Group = "networking.istio.io";

    /// <summary>Reads a file of one or more documents.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static MeshResources Load(string path) => Parse(path, File.ReadAllText(path));

    /// <summary>Reads text; <paramref name="file"/> is only the name that errors carry.</summary>
    public static MeshResources Parse(string file, string yaml)
    {
        var resources = new MeshResources(file);
        StrictYaml.Read(new Reading(file, resources.MutableErrors), yaml, document => ReadDocument(document, resources));
        return resources;
    }

    private static void ReadDocument(Node document, MeshResources resources)
    {
        document.AllowOnly("apiVersion", "kind", "metadata", "spec");
        if (document.Require("apiVersion")?.Text() is not { } apiVersion || document.Require("kind") is not { } kindNode
            || kindNode.Text() is not { } kind || ReadName(document) is not { } name || document.Require("spec") is not { } spec)
        {
            return;
        }

        switch (apiVersion, kind)
        {
            case (Group + "/v1" or Group + "/v1beta1", "Gateway"):
                resources.Add(GatewayReader.Read(name, spec, document.Origin));
                break;
            case (Group + "/v1" or Group + "/v1beta1", "VirtualService"):
                resources.Add(VirtualServiceReader.Read(name, spec, document.Origin));
                break;
            default:
                kindNode.Fail($"{kind} of {apiVersion} is not supported by Argosy (supported: Gateway, VirtualService of {Group}/v1)");
                break;
        }
    }

    private static ResourceName? ReadName(Node document)
    {
        if (document.Require("metadata") is not { } metadata)
        {
            return null;
        }

        metadata.AllowOnly("name", "namespace", "labels", "annotations");
        var space = metadata.Get("namespace")?.Text() ?? "default";
        return metadata.Require("name")?.Text() is { } name ? new ResourceName(space, name) : null;
    }
}
