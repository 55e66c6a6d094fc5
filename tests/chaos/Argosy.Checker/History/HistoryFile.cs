using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Checker.History;

/// <summary>A clients' history on disk: JSON lines, in the order in which answers came.</summary>
internal static class HistoryFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    private static readonly string[] Acts = [Act.Place, Act.Read, Act.Cancel, Act.Dispatch, Act.Put, Act.List, Act.Count, Act.Fault, Act.Healed];

    public static string Write(HistoryLine line) => JsonSerializer.Serialize(line, Json);

    /// <exception cref="BadInputException">It isn't there, or has a line that is no history.</exception>
    public static IEnumerable<HistoryLine> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new BadInputException($"there is no history {path}");
        }

        var number = 0;
        foreach (var text in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            if (text.Length > 0)
            {
                yield return Parse(text, $"{path}:{number}") with { Whence = $"{Path.GetFileName(path)}:{number}" };
            }
        }
    }

    private static HistoryLine Parse(string text, string where)
    {
        try
        {
            var line = JsonSerializer.Deserialize<HistoryLine>(text, Json) ?? throw new JsonException("the line is null");
            return WhyNot(line) is { } wrong ? throw new JsonException(wrong) : line;
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{where} is no line of a history: {e.Message}");
        }
    }

    private static string? WhyNot(HistoryLine line) => line switch
    {
        _ when Array.IndexOf(Acts, line.Act) < 0 => $"'{line.Act}' is none of {string.Join(", ", Acts)}",
        { Act: Act.Fault } => line is { Side: Side.Begin or Side.End, Fault: not null, Whom: not null } ? null : "a 'fault' has a side (begin or end), a fault and whom it strikes",
        { Act: Act.Healed } => null,
        { Side: not (null or Side.Invoke) } => $"a '{line.Act}' has no side '{line.Side}'",
        { Side: Side.Invoke, Op: null } => "an 'invoke' has an op",
        { Act: Act.Place } when line.Customer is null || line.Key is null => "a 'place' has a customer and a key",
        { Act: Act.Place, Status: >= 200 and < 300, Order: null } => "a 'place' that was accepted has an order",
        { Act: Act.Place } => null,
        { Act: Act.Put or Act.Count } => line.Sku is null ? $"a '{line.Act}' has a sku" : null,
        { Act: Act.List } => line.Customer is null ? "a 'list' has a customer" : null,
        { Order: null } => $"a '{line.Act}' has an order",
        _ => null,
    };
}
