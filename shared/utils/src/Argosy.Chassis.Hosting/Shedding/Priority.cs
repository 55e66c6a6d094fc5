using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting;

/// <summary>Who is served first when there is more to do than can be done, and who is turned away last: the later ones.</summary>
public enum Priority
{
    /// <summary>What is fetched whole and can wait: descriptions of the API, exports.</summary>
    Exports,

    /// <summary>Looking at something: GET and HEAD, where an endpoint says nothing else.</summary>
    Reads,

    /// <summary>Changing something, and proving who one is: all other methods, where an endpoint says nothing else.</summary>
    Checkout,

    /// <summary>What became of money: the provider's webhooks, and deliveries of the bus.</summary>
    PaymentResults,
}

/// <summary>Endpoints that are served in another order than their method says.</summary>
public static class Priorities
{
    /// <summary>Requests of this endpoint are served as these are.</summary>
    public static TBuilder ServedAs<TBuilder>(this TBuilder endpoint, Priority priority) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(e => e.Metadata.Add(new Served(priority)));
        return endpoint;
    }

    /// <summary>By the method alone.</summary>
    public static Priority Of(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Priority.Reads : Priority.Checkout;

    internal static Priority Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<Served>()?.As ?? Of(context.Request.Method);

    private sealed record Served(Priority As);
}
