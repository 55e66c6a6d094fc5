using System.Text.Json;

namespace Argosy.Chassis;

/// <summary>What a JSON converter of ours throws: its text is meant for the caller, unlike the framework's, which name our types.</summary>
public sealed class MalformedException(string detail) : JsonException(detail);
