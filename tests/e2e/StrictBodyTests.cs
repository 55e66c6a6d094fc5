using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>Every JSON body of every <c>api.yaml</c>, spoiled at every object in it: nothing that is not understood is let pass.</summary>
[Trait("on", "embedded")]
public sealed class StrictBodyTests(Fleet fleet)
{
    [Fact]
    public async Task Every_body_is_refused_with_an_unknown_or_a_repeated_member_however_deep()
    {
        using var signer = await Signer.OfAsync(fleet);
        var wrong = new List<string>();
        var things = await Things.MakeAsync(fleet);
        foreach (var operation in Contracts.Operations().Where(operation => operation is { ContentType: "application/json", Example: not null }))
        {
            var token = operation.Callers == "admins" ? signer.Of(Guid.CreateVersion7().ToString(), "api", "admin") : things.Token;
            foreach (var (spoiled, how) in Spoil(operation.Example!))
            {
                var said = await fleet.CallAsync(operation, token, things, things.Of(operation), ContractCalls.Json(spoiled));
                if (said.Status != 400)
                {
                    wrong.Add($"{operation} with {how}: {said}");
                }
            }

            // Or the refusals prove nothing.
            var whole = await fleet.CallAsync(operation, token, things, things.Of(operation));
            if (whole.Status == 400)
            {
                wrong.Add($"{operation}: its own example is refused: {whole}");
            }
        }

        wrong.ShouldBeEmpty();
    }

    private static IEnumerable<(string Body, string How)> Spoil(JsonNode example)
    {
        var objects = Objects(example).ToList();
        objects.ShouldNotBeEmpty();
        foreach (var one in objects)
        {
            yield return (Write(example, one, "nobodyKnows", 1), $"an unknown member in {one.GetPath()}");
            yield return (Write(example, one, one.First().Key, one.First().Value), $"{one.First().Key} twice in {one.GetPath()}");
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject one => one.SelectMany(member => Objects(member.Value)).Prepend(one),
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static string Write(JsonNode example, JsonObject spoiled, string name, JsonNode? value)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            Write(json, example);
        }

        return System.Text.Encoding.UTF8.GetString(text.ToArray());

        void Write(Utf8JsonWriter json, JsonNode? node)
        {
            switch (node)
            {
                case JsonObject one:
                    json.WriteStartObject();
                    foreach (var member in one)
                    {
                        json.WritePropertyName(member.Key);
                        Write(json, member.Value);
                    }

                    if (ReferenceEquals(one, spoiled))
                    {
                        json.WritePropertyName(name);
                        Write(json, value);
                    }

                    json.WriteEndObject();
                    break;
                case JsonArray list:
                    json.WriteStartArray();
                    list.ToList().ForEach(item => Write(json, item));
                    json.WriteEndArray();
                    break;
                case null:
                    json.WriteNullValue();
                    break;
                default:
                    node.WriteTo(json);
                    break;
            }
        }
    }
}
