using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>Examples from the records themselves: as they are really written, and such that they can be read.</summary>
internal static class Examples
{
    /// <summary>What a type shows; null where it shows nothing.</summary>
    /// <exception cref="JsonException">The example is not what the strict reader takes.</exception>
    public static JsonNode? Of(Type type)
    {
        if (Find(type) is not { } example)
        {
            return null;
        }

        var json = JsonSerializer.Serialize(example, type, StrictJson.Options);
        JsonSerializer.Deserialize(json, type, StrictJson.Options);
        return JsonNode.Parse(json);
    }

    private static object? Find(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Page<>))
        {
            return Find(type.GetGenericArguments()[0]) is { } item ? PageOf(type, item) : null;
        }

        var shows = type.GetInterfaces().Any(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IExample<>));
        return shows ? type.GetProperty("Example", BindingFlags.Public | BindingFlags.Static)!.GetValue(null) : null;
    }

    private static object PageOf(Type page, object item)
    {
        var items = Array.CreateInstance(page.GetGenericArguments()[0], 1);
        items.SetValue(item, 0);
        return Activator.CreateInstance(page, items, null)!;
    }
}
