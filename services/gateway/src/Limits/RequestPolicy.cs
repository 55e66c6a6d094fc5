using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Mesh;
using Argosy.Mesh.Loading;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Argosy.Gateway.Limits;

/// <summary>What one request may be, and how long it may take to come. How long its answer may take is the rule's <c>timeout</c>.</summary>
/// <param name="Headers">Bytes of all its headers, as they stand on the wire.</param>
/// <param name="Body">Bytes of its body.</param>
/// <param name="Within">In which the body has to be here, from when it is first asked for.</param>
/// <param name="Priority">When it is served; by its method where null.</param>
/// <param name="Routes">The rules for which it holds, by name; none for the one that holds for all others.</param>
/// <param name="Origin">Where it is written.</param>
internal sealed record RequestPolicy(int Headers, int Body, TimeSpan Within, Priority? Priority, IReadOnlyList<string> Routes, Origin? Origin)
{
    // What the server and the services take (ServerLimits): more would be a promise that nobody keeps.
    private const int MostHeaders = 16 * 1024;
    private const int MostBody = 256 * 1024;
    private const int PerHeader = 4;        // colon, space, line break

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    // The server looks at a body's rate once this time is over, and then a whole body in this time is the least that will do.
    private readonly MinDataRate _pace = new(Body / Within.TotalSeconds, Within);

    private readonly Problem _tooLarge = new(413, "body.too-large", $"The body is larger than {Said(Body)}.");
    private readonly Problem _headersTooLarge = new(431, "gateway.headers-too-large", $"The headers are larger than {Said(Headers)} here.");

    /// <summary>What holds where nothing is written.</summary>
    public static RequestPolicy Default { get; } = new(MostHeaders, MostBody, TimeSpan.FromSeconds(5), null, [], null);

    /// <summary>When a request is served.</summary>
    public Priority PriorityOf(string method) => Priority ?? Priorities.Of(method);

    /// <summary>Refuses what is larger than it may be, and tells the server what it has to hold the rest to.</summary>
    public Problem? Refuse(HttpContext context)
    {
        var request = context.Request;
        if (Headers < MostHeaders && SizeOf(request.Headers) > Headers)
        {
            return _headersTooLarge;
        }

        if (request.ContentLength > Body)
        {
            context.Response.Headers.Connection = "close";          // cheaper than reading what nobody wants
            return _tooLarge;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Body;
            context.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = _pace;
        }

        return null;
    }

    /// <summary>The client's body failed while it was being passed on.</summary>
    public Problem OfBody(Exception? cause)
    {
        for (var e = cause; e is not null; e = e is AggregateException many ? many.InnerExceptions[0] : e.InnerException)
        {
            if (e is BadHttpRequestException bad)
            {
                return bad.StatusCode switch
                {
                    413 => _tooLarge,
                    408 => new Problem(408, "body.too-slow", "The body did not arrive in time."),
                    _ => Problem.Invalid("body.broken", "The body broke off, or is not framed as HTTP says."),
                };
            }
        }

        return Problem.Invalid("body.broken", "The body broke off.");
    }

    /// <summary>The section <c>requests</c>; what is wrong with it is noted there.</summary>
    public static IReadOnlyList<RequestPolicy> ReadAll(Node? section)
    {
        var read = new Dictionary<string, Node>(StringComparer.Ordinal);
        var policies = new List<RequestPolicy>();
        foreach (var (_, node) in section?.Fields() ?? [])
        {
            var policy = Read(node);
            policies.Add(policy);
            if (node.Get("routes") is null && !read.TryAdd("", node))
            {
                node.Fail("has no routes, and there is one without already: say for which it holds");
            }

            foreach (var route in policy.Routes.Where(route => !read.TryAdd(route, node)))
            {
                node.Fail($"names {route}, which another one names: leave it in one");
            }
        }

        return policies;
    }

    private static RequestPolicy Read(Node node)
    {
        node.AllowOnly("headers", "body", "within", "priority", "routes");
        var within = node.Get("within")?.Duration() ?? Default.Within;
        if (within < Shortest || within > Longest)
        {
            node.Get("within")!.Fail("must be from 2s to 60s");
            within = Default.Within;
        }

        return new RequestPolicy(
            node.Get("headers")?.Number(512, MostHeaders) ?? MostHeaders, node.Get("body")?.Number(1, MostBody) ?? MostBody, within,
            ReadPriority(node.Get("priority")), node.Get("routes")?.Items().Select(route => route.Text() ?? "").ToList() ?? [], node.Origin);
    }

    private static Priority? ReadPriority(Node? node)
    {
        switch (node?.Text())
        {
            case null:
                return null;
            case "exports":
                return Chassis.Hosting.Priority.Exports;
            case "reads":
                return Chassis.Hosting.Priority.Reads;
            case "checkout":
                return Chassis.Hosting.Priority.Checkout;
            case var other:
                node.Fail($"is {other}: write exports, reads or checkout, or leave it out to go by the method");
                return null;
        }
    }

    private static int SizeOf(IHeaderDictionary headers)
    {
        var size = 0;
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                size += name.Length + (value?.Length ?? 0) + PerHeader;
            }
        }

        return size;
    }

    private static string Said(int bytes) => bytes % 1024 == 0 ? $"{bytes / 1024} KB" : $"{bytes} bytes";
}
