namespace Argosy.Gateway;

/// <summary>One request on its way through: what was decided about it.</summary>
/// <param name="Upstream">Who answers.</param>
/// <param name="Path">The path that the upstream gets; the same instance as <paramref name="OriginalPath"/> when no rule rewrote it.</param>
/// <param name="OriginalPath">The normalised path that came in.</param>
/// <param name="Query">Empty, or from the question mark on.</param>
/// <param name="CorrelationId">The client's, or a new one.</param>
/// <param name="Deadline">The milliseconds that the upstream has, as text; null for streams.</param>
internal sealed record Passage(Upstream Upstream, string Path, string OriginalPath, string Query, string CorrelationId, string? Deadline);
