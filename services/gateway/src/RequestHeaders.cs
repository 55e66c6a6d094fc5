using System.Collections.Frozen;
using System.Diagnostics;
using System.Net;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Telemetry;
using Microsoft.Extensions.Primitives;

namespace Argosy.Gateway;

/// <summary>What of a client's request reaches a service: nothing that belongs to the connection, and nothing that only we may say.</summary>
internal static class RequestHeaders
{
    // Hop by hop (RFC 9110, 7.6.1), what the forwarder sets itself, and what services would believe because only we can have said it.
    private static readonly FrozenSet<string> Dropped = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "HTTP2-Settings", "Expect", "Host", "Via",
        "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "Proxy", "X-Rewrite-URL", "X-Content-Length",
        "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
        "traceparent", "tracestate", "baggage", Correlation.Header, Deadline.Header,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] DroppedPrefixes = ["X-User-", "X-Forwarded-", "X-Original-", "X-Envoy-"];

    public static void Copy(HttpContext context, HttpRequestMessage to)
    {
        var named = NamedByConnection(context.Request.Headers.Connection);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (!IsDropped(name) && named?.Contains(name) != true)
            {
                Add(to, name, values);
            }
        }
    }

    public static void SetOwn(HttpContext context, HttpRequestMessage to, Passage passage)
    {
        var headers = to.Headers;
        headers.TryAddWithoutValidation(Correlation.Header, passage.CorrelationId);
        headers.TryAddWithoutValidation("X-Forwarded-For", AddressOf(context.Connection.RemoteIpAddress));
        headers.TryAddWithoutValidation("X-Forwarded-Proto", context.Request.Scheme);
        headers.TryAddWithoutValidation("X-Forwarded-Host", context.Request.Host.Value);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id })
        {
            headers.TryAddWithoutValidation("traceparent", id);
        }

        if (passage.Deadline is { } deadline)
        {
            headers.TryAddWithoutValidation(Deadline.Header, deadline);
        }

        if (!ReferenceEquals(passage.Path, passage.OriginalPath))
        {
            headers.TryAddWithoutValidation("X-Envoy-Original-Path", passage.OriginalPath);
        }
    }

    private static string? AddressOf(IPAddress? client) => client is { IsIPv4MappedToIPv6: true } ? client.MapToIPv4().ToString() : client?.ToString();

    private static bool IsDropped(string name)
    {
        if (Dropped.Contains(name))
        {
            return true;
        }

        foreach (var prefix in DroppedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Null for the values that every client sends, which name no header. Where they stand beside others, Kestrel leaves only them:
    /// then the others pass. None of ours can be lost that way, they are set last.
    /// </summary>
    private static HashSet<string>? NamedByConnection(StringValues connection)
        => connection.Count == 0 || (connection is [{ } only] && (only.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) || only.Equals("close", StringComparison.OrdinalIgnoreCase)))
            ? null
            : connection
                .SelectMany(value => value?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
                .ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static void Add(HttpRequestMessage to, string name, StringValues values)
    {
        if (values.Count == 1)
        {
            var value = values.ToString();
            if (!to.Headers.TryAddWithoutValidation(name, value))
            {
                to.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }
        else if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
        {
            to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }
}
