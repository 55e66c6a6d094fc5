using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;

namespace Argosy.E2E.Fuzz;

/// <summary>Whose token a request has.</summary>
internal enum By
{
    Owner,
    Other,
    Admin,
    Forged,
    Nobody,
}

/// <summary>A request to one operation.</summary>
/// <param name="Operation">To which.</param>
/// <param name="Target">Path and query.</param>
/// <param name="By">With whose token.</param>
/// <param name="Headers">As they are sent.</param>
/// <param name="Body">Null: none.</param>
internal sealed record FuzzRequest(Operation Operation, string Target, By By, IReadOnlyList<(string Name, string Value)> Headers, FuzzBody? Body)
{
    public HttpRequestMessage ToHttp(Uri service, string? token)
    {
        var request = new HttpRequestMessage(new HttpMethod(Operation.Method), new Uri(service, Target));
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach (var (name, value) in Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body.Bytes) { Headers = { ContentType = MediaTypeHeaderValue.Parse(Body.Type) } };
        }

        return request;
    }

    public override string ToString() => $"{Operation.Method} {Target} by {By} {string.Join(' ', Headers.Select(header => $"{header.Name}: {header.Value}"))} {Body}";
}

/// <summary>What is sent.</summary>
/// <param name="Type">Its content type.</param>
/// <param name="Bytes">Itself.</param>
/// <param name="IsBroken">Whether the contract forbids it.</param>
internal sealed record FuzzBody(string Type, byte[] Bytes, bool IsBroken = false)
{
    private const int Shown = 300;

    public override string ToString() => Encoding.UTF8.GetString(Bytes) is var text && text.Length > Shown ? $"{text[..Shown]}…" : $"{text}{(IsBroken ? " (broken)" : "")}";
}

/// <summary>Requests as a contract describes them, and as it does not.</summary>
/// <param name="things">What is there.</param>
internal sealed partial class Requests(Things things)
{
    private const string Json = "application/json";

    public Gen<FuzzRequest> Of(Operation operation) =>
        from who in Gen.Frequency((4, Gen.Constant(By.Owner)), (2, Gen.Constant(By.Admin)), (1, Gen.Constant(By.Other)), (1, Gen.Constant(By.Forged)), (1, Gen.Constant(By.Nobody)))
        from path in PathOf(operation)
        from query in QueryOf(operation)
        from headers in HeadersOf(operation)
        from body in BodyOf(operation)
        select new FuzzRequest(operation, query.Length > 0 ? $"{path}?{query}" : path, who, headers, body);

    private Gen<string> PathOf(Operation operation)
    {
        var thing = things.Of(operation);
        var names = Parameter().Matches(operation.Path);
        var strange = Gen.CollectToArray(Enumerable.Repeat(Strange.Texts.Select(text => Uri.EscapeDataString(text.Length > 0 ? text : "x")), names.Count));       // without one it is another path
        var known = Gen.Constant(thing?.Parameters.ToArray() ?? []);
        return Gen.Frequency((2, known), (3, strange)).Select(values =>
        {
            var left = new Queue<string>(values);
            return Parameter().Replace(operation.Path, _ => left.Dequeue());
        });
    }

    private Gen<string> QueryOf(Operation operation)
    {
        var parts = operation.Parameters.Where(parameter => parameter.In == "query").Select(parameter =>
                from there in Gen.Frequency((2, Gen.Constant(true)), (1, Gen.Constant(false)))
                from value in parameter.Name == "orderId" ? Strange.Texts.Or(Gen.Constant(things.OrderId)) : Gen.Choose(0, 101).Select(number => $"{number}").Or(Strange.Texts)
                select there ? $"{parameter.Name}={Uri.EscapeDataString(value)}" : "")
            .Append(
                from there in Gen.Frequency((1, Gen.Constant(true)), (7, Gen.Constant(false)))
                from name in Strange.Texts
                select there ? $"{Uri.EscapeDataString(name)}=1" : "");
        return Gen.CollectToArray(parts).Select(all => string.Join('&', all.Where(part => part.Length > 0)));
    }

    private static Gen<(string, string)[]> HeadersOf(Operation operation) =>
        Gen.CollectToArray(operation.Parameters.Where(parameter => parameter.In == "header").Select(parameter =>
                from there in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false)))
                from value in Gen.Frequency((2, ArbMap.Default.GeneratorFor<Guid>().Select(id => id.ToString())), (1, Strange.Words))
                select there ? (parameter.Name, value) : ("", "")))
            .Select(all => all.Where(header => header.Item1.Length > 0).ToArray());

    private static Gen<FuzzBody?> BodyOf(Operation operation)
    {
        if (operation.ContentType is not { } type)
        {
            return Gen.Frequency((9, Gen.Constant<FuzzBody?>(null)), (1, Strange.Texts.Select(text => (FuzzBody?)new FuzzBody(Json, Encoding.UTF8.GetBytes(text)))));
        }

        var schema = operation.Description["requestBody"]!["content"]![type]!["schema"] ?? new JsonObject();
        var bodies = new Bodies(Contracts.DocumentOf(operation.Service));
        var noBody = Gen.Frequency((3, Strange.Texts.Select(text => Of(type, text))), (1, Gen.Constant<FuzzBody?>(new FuzzBody(type, [0xff, 0xfe, 0x00, 0xc3, 0x28]))));
        if (type != Json)
        {
            return Gen.Frequency((9, FormOf(operation, schema).Select(text => Of(type, text))), (1, noBody));
        }

        var valid = bodies.Valid(schema);
        var broken = bodies.Broken(schema) is { } wrong ? wrong.Select(text => (FuzzBody?)new FuzzBody(type, Encoding.UTF8.GetBytes(text), IsBroken: true)) : noBody;
        return Gen.Frequency(
            (3, valid.Select(text => Of(type, text))),
            (2, Gen.Constant(Of(type, operation.Example?.ToJsonString() ?? "{}"))),
            (4, broken),
            (1, from text in valid from length in Gen.Choose(0, text.Length) select Of(type, text[..length])),
            (1, from text in valid from other in Strange.ContentTypes select Of(other, text)),
            (1, noBody));
    }

    // Each field as the example has it, strange, or not there.
    private static Gen<string> FormOf(Operation operation, JsonNode schema)
    {
        var example = operation.Example as JsonObject ?? [];
        return Gen.CollectToArray(((JsonObject?)schema["properties"] ?? []).Select(field =>
                from value in Gen.Frequency((3, Gen.Constant(example[field.Key]?.ToString())), (1, Strange.Texts.Select(text => (string?)text)), (1, Gen.Constant<string?>(null)))
                select value is null ? "" : $"{field.Key}={Uri.EscapeDataString(value)}"))
            .Select(all => string.Join('&', all.Where(part => part.Length > 0)));
    }

    private static FuzzBody? Of(string type, string text) => new(type, Encoding.UTF8.GetBytes(text));

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
