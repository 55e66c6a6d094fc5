using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Argosy.Chassis.Hosting;

/// <summary>Marks an endpoint whose callers are machines with ids of their own making, and which keeps nothing of the body.</summary>
internal sealed class UncheckedForCardsMetadata;

/// <summary>
/// Refuses with 422 any request in which something looks like a card number: in the path, the query, a header or the body, before
/// anything of it is stored. Payment is by the provider's tokens; card numbers never enter the system.
/// </summary>
internal sealed class CardNumberRefusal(RequestDelegate next)
{
    private const int FewestDigits = 13;

    private static readonly Problem Refused = Problem.Unprocessable(
        "card-number", "Something in this request looks like a card number. Never send one: pay with a token of the payment provider.");

    // Made by machines for machines: long hexadecimal texts, in which sixteen digits in a row are no wonder.
    private static readonly HashSet<string> Unread = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.Authorization, HeaderNames.ContentLength, HeaderNames.Host, HeaderNames.TraceParent, HeaderNames.TraceState, "b3", "x-b3-traceid", "x-b3-spanid",
    };

    public async Task InvokeAsync(HttpContext http)
    {
        // Probes look at nothing that they are sent.
        var metadata = http.GetEndpoint()?.Metadata;
        var isChecked = metadata?.GetMetadata<UncheckedForCardsMetadata>() is null && metadata?.GetMetadata<ProbeMetadata>() is null;
        if (isChecked && (AppearsInHead(http.Request) || await AppearsInBodyAsync(http)))
        {
            await Refused.ToResult().ExecuteAsync(http);
            return;
        }

        await next(http);
    }

    private static bool AppearsInHead(HttpRequest request) =>
        CardNumbers.AppearIn(request.Path.Value)
        || request.Query.Any(pair => CardNumbers.AppearIn(pair.Key) || pair.Value.Any(value => CardNumbers.AppearIn(value)))
        || request.Headers.Any(header => !Unread.Contains(header.Key) && header.Value.Any(value => CardNumbers.AppearIn(value)));

    private static async Task<bool> AppearsInBodyAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } || !IsText(http.Request.ContentType, out var kind))
        {
            return false;
        }

        return AppearsIn((await WholeBody.ReadAsync(http)).Span, kind);
    }

    private static bool AppearsIn(ReadOnlySpan<byte> body, Kind kind)
    {
        if (Ascii.IsValid(body) && Digits(body) < FewestDigits)
        {
            return false;
        }

        try
        {
            return kind switch
            {
                Kind.Json => AppearsInJson(body),
                Kind.Form => CardNumbers.AppearIn(WebUtility.UrlDecode(Encoding.UTF8.GetString(body))),
                _ => CardNumbers.AppearIn(Encoding.UTF8.GetString(body)),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON after all, or half a surrogate in a string: the binder will say so, unless it is worse.
            return CardNumbers.AppearIn(Encoding.UTF8.GetString(body));
        }
    }

    private static bool AppearsInJson(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        while (json.Read())
        {
            var found = json.TokenType switch
            {
                JsonTokenType.String or JsonTokenType.PropertyName => CardNumbers.AppearIn(json.GetString()),
                JsonTokenType.Number => json.TryGetDecimal(out var number) && CardNumbers.IsOne(number),
                _ => false,
            };
            if (found)
            {
                return true;
            }
        }

        return false;
    }

    private static int Digits(ReadOnlySpan<byte> body)
    {
        var digits = 0;
        foreach (var character in body)
        {
            digits += char.IsAsciiDigit((char)character) ? 1 : 0;
        }

        return digits;
    }

    // What comes without a type is read as text; what says that it is binary (the bus's protobuf) is not read.
    private static bool IsText(string? contentType, out Kind kind)
    {
        kind = Kind.Text;
        if (!MediaTypeHeaderValue.TryParse(contentType, out var media))
        {
            return true;
        }

        if (media.SubType.Equals("json", StringComparison.OrdinalIgnoreCase) || media.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        {
            kind = Kind.Json;
            return true;
        }

        kind = media.SubType.Equals("x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) ? Kind.Form : Kind.Text;
        return kind == Kind.Form || media.Type.Equals("text", StringComparison.OrdinalIgnoreCase) || media.Type.Equals("multipart", StringComparison.OrdinalIgnoreCase);
    }

    private enum Kind
    {
        Text,
        Json,
        Form,
    }
}

/// <summary>Where card numbers are looked for.</summary>
public static class CardNumberEndpoints
{
    /// <summary>
    /// Requests to this endpoint are not looked through: they come signed from another machine, whose ids are its own business, and
    /// nothing of them is kept.
    /// </summary>
    public static TBuilder UncheckedForCards<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new UncheckedForCardsMetadata()));
        return endpoint;
    }

    /// <summary>Behind routing and authentication, so that nobody's body is read for nothing; before anything of it is stored.</summary>
    internal static IApplicationBuilder UseCardNumberRefusal(this IApplicationBuilder app) => app.UseMiddleware<CardNumberRefusal>();
}
