using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Cli.Access;

internal sealed record Registration(string Email, string Password, string Name);

internal sealed record Credentials(string Email, string Password);

internal sealed record Tokens(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("expires_in")] int ExpiresIn);

/// <summary>What a token says of its bearer, as far as we look.</summary>
internal sealed record Claims(string Sub, string Sid, long Exp);

/// <summary>RFC 9457, as every service answers.</summary>
internal sealed record ProblemDetails(string? Type, string? Title, string? Detail, string? TraceId);

internal sealed record DeadLetters(IReadOnlyList<DeadLetter> Items);

internal sealed record DeadLetter(
    string Id, string Type, string Key, string? Error, int Attempts, string? Source, DateTimeOffset At, IReadOnlyDictionary<string, string>? Headers, JsonElement? Body);

internal sealed record EditedLetter(string Body);

internal sealed record ListedDeadLetter(string Service, DeadLetter Letter);

internal sealed record Sagas(IReadOnlyList<SagaView> Items);

internal sealed record SagaView(
    string Id, string State, string Step, string Reason, long Version, DateTimeOffset At, IReadOnlyList<SagaStep> Steps, IReadOnlyList<SagaMoment> History);

internal sealed record SagaStep(string Step, string Direction, string State, string Command, string CommandId, int Attempt, DateTimeOffset? Due, string? Error);

internal sealed record SagaMoment(DateTimeOffset At, string What);

internal sealed record SagaNote(string? Note, long? Version, string? End);

internal sealed record Projections(IReadOnlyList<ProjectionView> Items);

internal sealed record ProjectionView(string Name, string Events, long Rows, RebuildView? Rebuild, RebuiltView? Last);

internal sealed record RebuildView(long Position, long Head);

internal sealed record RebuiltView(DateTimeOffset At, string Outcome, string Detail);

internal sealed record BackupPart(string Id, string State, string? File);

internal sealed record AuditPage(IReadOnlyList<AuditLine> Items);

internal sealed record AuditLine(long Id, DateTimeOffset At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace);

internal sealed record ListedAuditLine(string Service, AuditLine Line);

internal sealed record AuditNote(string About, string Text);

internal sealed record AuditVerdict(long Entries, long Sealed, string? Fault, string? Next);

/// <summary>What goes over the wire between the launcher and the services: their public JSON, read here by its own definitions.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(Tokens))]
[JsonSerializable(typeof(Claims))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(DeadLetters))]
[JsonSerializable(typeof(IReadOnlyList<ListedDeadLetter>))]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(EditedLetter))]
[JsonSerializable(typeof(Sagas))]
[JsonSerializable(typeof(SagaView))]
[JsonSerializable(typeof(SagaNote))]
[JsonSerializable(typeof(Projections))]
[JsonSerializable(typeof(BackupPart))]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditNote))]
[JsonSerializable(typeof(AuditVerdict))]
[JsonSerializable(typeof(IReadOnlyList<ListedAuditLine>))]
internal sealed partial class WireJson : JsonSerializerContext;
