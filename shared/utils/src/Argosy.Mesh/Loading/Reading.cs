using YamlDotNet.RepresentationModel;

namespace Argosy.Mesh.Loading;

/// <summary>One pass over one file: what was complained about so far.</summary>
internal sealed class Reading(string file, List<MeshError> errors)
{
    public Origin OriginOf(YamlNode node) => new(file, node.Start.Line);

    public void Fail(YamlNode node, string message) => errors.Add(new MeshError(OriginOf(node), message));

    public void Fail(long line, string message) => errors.Add(new MeshError(new Origin(file, line), message));
}
