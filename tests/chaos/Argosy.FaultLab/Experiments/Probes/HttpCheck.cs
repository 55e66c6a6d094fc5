using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>Litmus's <c>httpProbe</c>: the status of an answer.</summary>
/// <param name="Url">As a cluster names it.</param>
/// <param name="Body">What is posted, and its type; null: GET.</param>
/// <param name="Status">What is expected.</param>
internal sealed record HttpCheck(Uri Url, (string Text, string Type)? Body, Comparison Status) : ICheck
{
    private const int ClusterPort = 8080;

    public string Expected => $"status {Status}";

    public static HttpCheck? Read(Node inputs, IReadOnlyList<string> processes)
    {
        inputs.AllowOnly("url", "insecureSkipVerify", "method");
        inputs.Get("insecureSkipVerify")?.Boolean();
        var url = ReadUrl(inputs.Require("url"), processes);
        if (inputs.Require("method") is not { } method)
        {
            return null;
        }

        method.AllowOnly("get", "post");
        if (method.Fields().Count != 1)
        {
            method.Fail("must have one of get, post");
            return null;
        }

        var get = method.Get("get");
        get?.AllowOnly("criteria", "responseCode");
        var post = method.Get("post");
        post?.AllowOnly("contentType", "body", "criteria", "responseCode");
        if (post?.Get("contentType") is { } typeNode && typeNode.Text() is { } type && !MediaTypeHeaderValue.TryParse(type, out _))
        {
            typeNode.Fail($"is {type}: write a media type such as application/json");
        }

        (string, string)? body = post is null ? null : (post.Get("body")?.Text() ?? "", post.Get("contentType")?.Text() ?? "application/json");
        return url is not null && ReadStatus((get ?? post)!) is { } status ? new HttpCheck(url, body, status) : null;
    }

    public async Task<Seen> LookAsync(Surroundings surroundings, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(Body is null ? HttpMethod.Get : HttpMethod.Post, surroundings.Resolve(Url));
        if (Body is { } body)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.Text)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(body.Type) } };
        }

        try
        {
            using var answer = await surroundings.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var status = ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
            return new Seen(Status.Holds(status), status);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)     // the latter: reset as soon as it was there
        {
            return new Seen(Holds: false, $"no answer ({(e as HttpRequestException)?.HttpRequestError ?? HttpRequestError.ConnectionError})");
        }
    }

    private static Uri? ReadUrl(Node? node, IReadOnlyList<string> processes)
    {
        if (node?.Text() is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http", Port: ClusterPort } && processes.Contains(url.Host.Split('.')[0], StringComparer.Ordinal))
        {
            return url;
        }

        node.Fail($"is {text}: write http://NAME.default.svc.cluster.local:{ClusterPort}/PATH, where NAME is one of {string.Join(", ", processes.Order(StringComparer.Ordinal))}");
        return null;
    }

    private static Comparison? ReadStatus(Node method)
    {
        if (method.Require("criteria") is not { } criteriaNode || criteriaNode.Text() is not { } criteria
            || method.Require("responseCode") is not { } codeNode || codeNode.Text() is not { } code)
        {
            return null;
        }

        if (criteria is not ("==" or "!=" or "oneOf"))
        {
            criteriaNode.Fail($"is {criteria}, and takes ==, != or oneOf here");
            return null;
        }

        if (code.Split(',') is var codes && codes.Length > 1 == (criteria == "oneOf") && codes.All(one => int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 100 and <= 599))
        {
            return new Comparison("int", criteria, code);
        }

        codeNode.Fail($"is {code}: write {(criteria == "oneOf" ? "statuses such as '200,204'" : "a status such as '200'")}");
        return null;
    }
}
