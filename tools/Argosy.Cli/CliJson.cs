using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;

namespace Argosy.Cli;

/// <summary>Everything that the launcher writes or reads as JSON, compiled rather than reflected: the verbs start faster.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FleetState))]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(FleetSummary[]))]
[JsonSerializable(typeof(IReadOnlyList<Check>))]
internal sealed partial class CliJson : JsonSerializerContext
{
    public static CliJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    });
}
