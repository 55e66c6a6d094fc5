using Microsoft.AspNetCore.Http.Metadata;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>An answer that a route gives.</summary>
internal sealed record AnswerMetadata(Type? Type, int StatusCode, string Description, IEnumerable<string> ContentTypes) : IProducesResponseTypeMetadata;

/// <summary>Problems of a route's own.</summary>
internal sealed record RefusalMetadata(IReadOnlyList<int> Statuses);

/// <summary>The answers of a route carry an <c>ETag</c>.</summary>
internal sealed record ETagMetadata;

/// <summary>A body that the handler reads by itself.</summary>
internal sealed record BodyMetadata(Type Type, string ContentType);

/// <summary>Query parameters that the handler reads by itself.</summary>
internal sealed record QueryMetadata(Type Type);

/// <summary>A header that the handler reads by itself.</summary>
internal sealed record HeaderMetadata(string Name, string Description, bool Required);
