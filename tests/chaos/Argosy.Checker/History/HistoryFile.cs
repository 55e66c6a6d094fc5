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

    private static readonly string[] Acts = [Act.Place, Act.Read, Act.Cancel, Act.Dispatch, Act.Put];

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
                yield return Parse(text, $"{path}:{number}");
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
        { Act: Act.Place } when line.Customer is null || line.Key is null => "a 'place' has a customer and a key",
        { Act: Act.Place, Status: >= 200 and < 300, Order: null } => "a 'place' that was accepted has an order",
        { Act: Act.Put } => line.Sku is null ? "a 'put' has a sku" : null,
        { Act: not Act.Place, Order: null } => $"a '{line.Act}' has an order",
        _ => null,
    };
}
