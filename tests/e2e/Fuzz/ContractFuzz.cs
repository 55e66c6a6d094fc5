using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>
/// Requests that nobody would write by hand, to every operation of every <c>api.yaml</c>, directly at its service. Whatever comes: no answer
/// of the 5xx kind, a status that the contract lists, the content type and the body that it says. The seed is in the failure; other ones by
/// <c>ARGOSY_FUZZ_SEED</c>, a number or <c>random</c>, and more of each by <c>ARGOSY_FUZZ_CASES</c>.
/// </summary>
[Trait("on", "embedded")]
public sealed partial class ContractFuzz(Fleet fleet)
{
    // Of HTTP itself, before anybody looks at the contract.
    private static readonly HashSet<string> OfHttp = new(StringComparer.Ordinal) { "405", "411", "413", "414", "415", "431" };

    // These end what the requests after them need, or never end.
    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal) { "userEraseMine", "sessionChangePassword", "orderStream", "notificationStream" };

    private static int Cases => int.TryParse(Environment.GetEnvironmentVariable("ARGOSY_FUZZ_CASES"), out var cases) ? cases : 25;

    // The same in every run of the suite; who looks for more takes others.
    private static int Seed => Environment.GetEnvironmentVariable("ARGOSY_FUZZ_SEED") switch
    {
        "random" => Random.Shared.Next(),
        { } given when int.TryParse(given, out var seed) => seed,
        _ => 1,
    };

    [Fact]
    public async Task No_request_is_answered_against_the_contract()
    {
        var seed = Seed;
        var (wrong, sent) = (new List<string>(), 0);
        using var signer = await Signer.OfAsync(fleet);
        var things = await Things.MakeAsync(fleet);
        string?[] tokens = [things.Token, things.Token, signer.Of(Guid.CreateVersion7().ToString(), "api", "admin"), signer.Of(Guid.CreateVersion7().ToString(), "api"), null];
        foreach (var operation in Contracts.Operations().Where(operation => !LeftOut.Contains((string)operation.Description["operationId"]!)))
        {
            var schemas = new Answers(operation);
            var chance = new Random(seed + sent);
            for (var i = 0; i < Cases; i++, sent++)
            {
                using var request = Make(operation, things, tokens[chance.Next(tokens.Length)], chance);
                using var answer = await fleet.Gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                if (await schemas.FaultAsync(answer) is { } fault)
                {
                    wrong.Add($"{operation}: {fault}\n    {request.RequestUri!.PathAndQuery} {await BodyOf(request)}");
                }
            }
        }

        TestContext.Current.SendDiagnosticMessage($"seed {seed}, {sent} requests");
        wrong.ShouldBeEmpty($"seed {seed}: {wrong.Count} of {sent} answers");
    }

    [Fact]
    public async Task A_method_that_a_path_does_not_have_is_405_and_says_which_it_has()
    {
        using var signer = await Signer.OfAsync(fleet);
        var admin = signer.Of(Guid.CreateVersion7().ToString(), "api", "admin");
        foreach (var path in Contracts.Operations().GroupBy(operation => (operation.Service, operation.Path)))
        {
            foreach (var method in new[] { "GET", "POST", "PUT", "PATCH", "DELETE" }.Except(path.Select(operation => operation.Method)))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(fleet.AddressOf(path.Key.Service), Parameter().Replace(path.Key.Path, "x")));
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin);
                using var answer = await fleet.Gateway.SendAsync(request);
                if (answer.StatusCode == HttpStatusCode.NotFound)
                {
                    continue;       // another route's pattern fits it
                }

                answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed, $"{path.Key} {method}");
                answer.Content.Headers.Allow.ShouldNotBeEmpty();
            }
        }
    }

    private HttpRequestMessage Make(Operation operation, Things things, string? token, Random chance)
    {
        var thing = things.Of(operation);
        var parameters = new Queue<string>(chance.Next(3) == 0 ? thing?.Parameters ?? [] : []);
        var path = Parameter().Replace(operation.Path, _ => parameters.TryDequeue(out var known) ? known : Uri.EscapeDataString(Strange.Text(chance) is { Length: > 0 } text ? text : "x"));     // without one it is another path
        var query = string.Join('&', operation.Parameters.Where(parameter => parameter.In == "query" && chance.Next(3) > 0)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Name == "orderId" && chance.Next(2) == 0 ? things.OrderId : Strange.Text(chance))}")
            .Concat(chance.Next(8) == 0 ? [$"{Uri.EscapeDataString(Strange.Text(chance))}=1"] : []));
        var request = new HttpRequestMessage(new HttpMethod(operation.Method), new Uri(fleet.AddressOf(operation.Service), query.Length > 0 ? $"{path}?{query}" : path));
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", chance.Next(20) == 0 ? Strange.Word(chance) : token);
        }

        foreach (var parameter in operation.Parameters.Where(parameter => parameter.In == "header" && chance.Next(4) > 0))
        {
            request.Headers.TryAddWithoutValidation(parameter.Name, chance.Next(3) == 0 ? Strange.Word(chance) : Guid.NewGuid().ToString());
        }

        if (operation.ContentType is { } type || chance.Next(10) == 0)
        {
            request.Content = Body(operation, chance);
        }

        return request;
    }

    private static HttpContent Body(Operation operation, Random chance)
    {
        var type = operation.ContentType ?? "application/json";
        if (type != "application/json")
        {
            var fields = ((operation.Example as JsonObject) ?? []).Where(_ => chance.Next(4) > 0).Select(field => KeyValuePair.Create(field.Key, chance.Next(3) == 0 ? Strange.Text(chance) : field.Value!.ToString())).ToList();
            return chance.Next(10) == 0 ? new StringContent(Strange.Text(chance), Encoding.UTF8, type) : new FormUrlEncodedContent(fields);
        }

        var text = (Strange.Json(operation.Example?.DeepClone(), chance) ?? JsonValue.Create("x")).ToJsonString();
        return chance.Next(12) switch
        {
            0 => new StringContent(text[..chance.Next(text.Length)], Encoding.UTF8, type),
            1 => new StringContent(text, Encoding.UTF8, Strange.Type(chance)),
            2 => new StringContent(Strange.Text(chance), Encoding.UTF8, type),
            3 => new ByteArrayContent([0xff, 0xfe, 0x00, 0xc3, 0x28]) { Headers = { ContentType = new MediaTypeHeaderValue(type) } },
            _ => new StringContent(text, Encoding.UTF8, type),
        };
    }

    private static async Task<string> BodyOf(HttpRequestMessage request) => request.Content is null ? "" : await request.Content.ReadAsStringAsync() is var text && text.Length > 300 ? $"{text[..300]}…" : text;

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    /// <summary>What an operation may answer.</summary>
    private sealed class Answers(Operation operation)
    {
        private readonly Dictionary<string, JsonSchema?> _schemas = new(StringComparer.Ordinal);

        public async Task<string?> FaultAsync(HttpResponseMessage answer)
        {
            var status = $"{(int)answer.StatusCode}";
            if ((int)answer.StatusCode >= 500)
            {
                return $"{status} {await answer.Content.ReadAsStringAsync()}";
            }

            var type = answer.Content.Headers.ContentType?.MediaType;
            if (OfHttp.Contains(status) || (status == "400" && type is null))
            {
                return null;        // the server's own word, without one of ours: a NUL in the path
            }

            if (!operation.Statuses.Contains(status))
            {
                return $"{status} is not in the contract: {await answer.Content.ReadAsStringAsync()}";
            }

            if (Contracts.ContentOf(operation, status) is not { Count: > 0 } content)
            {
                return null;
            }

            if (type is null || !content.ContainsKey(type))
            {
                return $"{status} as {type}, and the contract says {string.Join(", ", content.Select(one => one.Key))}";
            }

            if (!type.EndsWith("json", StringComparison.Ordinal) || content[type]?["schema"] is null)
            {
                return null;
            }

            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            var body = document.RootElement;
            var schema = _schemas.TryGetValue(status, out var known) ? known : _schemas[status] = Contracts.SchemaOf(operation, content[type]!["schema"]!);
            var result = schema!.Evaluate(body, new EvaluationOptions { OutputFormat = OutputFormat.List });
            return result.IsValid ? null : $"{status} {body.GetRawText()} breaks its schema: {string.Join("; ", (result.Details ?? []).Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {error.Value}")))}";
        }
    }

    /// <summary>Values that programs stumble over.</summary>
    private static class Strange
    {
        private static readonly string[] Texts =
        [
            "", " ", "null", "0", "-1", "1e309", "NaN", "true", "../../etc/passwd", "%2e%2e%2f", "%00", "a\0b", "\r\nX: 1", "' or 1=1 --", "<script>alert(1)</script>", "${jndi:x}", "{{7*7}}",
            "Ω≈ç√∫", "🤷‍♀️", "\u202egnp.exe", "ﷺﷺﷺ", new('x', 300), new('9', 40), "00000000-0000-0000-0000-000000000000", "2026-13-45T99:99:99Z", "4111111111111111", "a/b", "a?b", "a#b", "*", "\"", "W/\"1\"",
        ];

        private static readonly string[] Types = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/json-patch+json"];

        public static string Text(Random chance) => chance.Next(4) == 0 ? new string([.. Enumerable.Range(0, chance.Next(1, 30)).Select(_ => (char)chance.Next(0x20, 0x24f))]) : Texts[chance.Next(Texts.Length)];

        public static string Word(Random chance) => new([.. Text(chance).Where(c => c is > ' ' and <= '~').DefaultIfEmpty('x')]);

        public static string Type(Random chance) => Types[chance.Next(Types.Length)];

        // Mostly as it was, and wrong in a place or two.
        public static JsonNode? Json(JsonNode? node, Random chance) => chance.Next(6) == 0 ? Value(chance) : node switch
        {
            JsonObject map => Members(map, chance),
            JsonArray list => new JsonArray([.. list.Select(item => Json(item?.DeepClone(), chance))]),
            _ => node?.DeepClone(),
        };

        private static JsonObject Members(JsonObject map, Random chance)
        {
            var changed = new JsonObject();
            foreach (var (name, value) in map)
            {
                if (chance.Next(8) > 0)
                {
                    changed[name] = Json(value?.DeepClone(), chance);
                }
            }

            if (chance.Next(8) == 0)
            {
                changed[Text(chance)] = Value(chance);
            }

            return changed;
        }

        private static JsonNode? Value(Random chance) => chance.Next(10) switch
        {
            0 => null,
            1 => true,
            2 => -1,
            3 => long.MaxValue,
            4 => 1.5,
            5 => new JsonArray(),
            6 => new JsonObject(),
            7 => new JsonArray([.. Enumerable.Range(0, 50).Select(i => (JsonNode)i)]),
            _ => Text(chance),
        };
    }
}
