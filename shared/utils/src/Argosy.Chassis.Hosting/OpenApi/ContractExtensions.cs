using Argosy.Chassis.Hosting.OpenApi;
using Microsoft.AspNetCore.Builder;

namespace Argosy.Chassis.Hosting;

/// <summary>A request or an answer that shows in the API's document what it looks like.</summary>
/// <typeparam name="T">The record itself.</typeparam>
public interface IExample<T>
    where T : IExample<T>
{
    /// <summary>A valid one; it is written and read again each time when the document is made.</summary>
    static abstract T Example { get; }
}

/// <summary>What a route says in the API's document that nobody can know from its code: what it answers, and which refusals are its own.</summary>
public static class ContractExtensions
{
    private const string Json = "application/json";

    /// <summary>The route answers like this.</summary>
    /// <typeparam name="T">The body.</typeparam>
    /// <param name="route">The route.</param>
    /// <param name="status">2xx, or an error that is no problem details.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="contentType">Where it is not JSON.</param>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder route, int status, string description, string contentType = Json) =>
        route.WithMetadata(new AnswerMetadata(typeof(T), status, description, [contentType]));

    /// <summary>The route answers like this, without a body.</summary>
    /// <param name="route">The route.</param>
    /// <param name="status">2xx or 3xx.</param>
    /// <param name="description">One sentence.</param>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder route, int status, string description) =>
        route.WithMetadata(new AnswerMetadata(typeof(void), status, description, []));

    /// <summary>
    /// Problems of the route's own. Those that its parameters, its guard, <c>Writes()</c> and the pipeline make possible are known.
    /// </summary>
    /// <param name="route">The route.</param>
    /// <param name="statuses">4xx or 5xx.</param>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params int[] statuses) => route.WithMetadata(new RefusalMetadata(statuses));

    /// <summary>Its answers carry the version in an <c>ETag</c>.</summary>
    /// <param name="route">The route.</param>
    public static RouteHandlerBuilder HasETag(this RouteHandlerBuilder route) => route.WithMetadata(new ETagMetadata());

    /// <summary>The handler reads a form by itself. Unlike <c>Accepts</c> it turns no request away: that is the handler's.</summary>
    /// <typeparam name="T">The form's fields.</typeparam>
    /// <param name="route">The route.</param>
    public static RouteHandlerBuilder TakesForm<T>(this RouteHandlerBuilder route) => route.WithMetadata(new BodyMetadata(typeof(T), "application/x-www-form-urlencoded"));

    /// <summary>The handler reads a body by itself, as <see cref="TakesForm{T}"/> does.</summary>
    /// <typeparam name="T">What it is; a string where its members are somebody else's business.</typeparam>
    /// <param name="route">The route.</param>
    /// <param name="contentType">Its type.</param>
    public static RouteHandlerBuilder TakesBody<T>(this RouteHandlerBuilder route, string contentType) => route.WithMetadata(new BodyMetadata(typeof(T), contentType));

    /// <summary>The handler reads these from the query by itself.</summary>
    /// <typeparam name="T">A member for each parameter.</typeparam>
    /// <param name="route">The route.</param>
    public static RouteHandlerBuilder TakesQuery<T>(this RouteHandlerBuilder route) => route.WithMetadata(new QueryMetadata(typeof(T)));

    /// <summary>The handler reads this header by itself.</summary>
    /// <param name="route">The route.</param>
    /// <param name="name">The header.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="required">Nothing is done without it.</param>
    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder route, string name, string description, bool required = false) =>
        route.WithMetadata(new HeaderMetadata(name, description, required));
}
