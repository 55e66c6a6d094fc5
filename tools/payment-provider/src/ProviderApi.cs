using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Argosy.PaymentProvider;

/// <summary>The routes: Stripe's as far as they are spoken here, then the emulator's own.</summary>
internal static class ProviderApi
{
    public static void MapProvider(this WebApplication app, ProviderOptions options)
    {
        var (books, panel, mutation, ledger) = (app.Services.GetRequiredService<Books>(), app.Services.GetRequiredService<Panel>(),
            app.Services.GetRequiredService<Mutation>(), app.Services.GetRequiredService<Ledger>());
        var intents = app.Services.GetRequiredService<PaymentIntents>();
        var refunds = app.Services.GetRequiredService<Refunds>();

        app.MapGet("/health", () => Results.Ok());
        app.MapGet("/ready", () => books.Read(read => read.First("select 1", _ => true)) ? Results.Ok() : Results.StatusCode(503));
        app.MapGet("/metrics", app.Services.GetRequiredService<Metrics>().Show);
        app.MapGet("/ledger", (HttpContext http, string? orderId) => ledger.WriteToAsync(http.Response, orderId, http.RequestAborted));

        var keyed = app.MapGroup("").AddEndpointFilter(Keyed(options.ApiKey));
        Change("/v1/payment_intents", (_, write, fields, moment) => intents.Create(write, fields, moment));
        Change("/v1/payment_intents/{id}/confirm", (id, write, fields, moment) => intents.Confirm(write, id, fields, moment));
        Change("/v1/payment_intents/{id}/cancel", (id, write, fields, moment) => intents.Cancel(write, id, fields, moment));
        Change("/v1/refunds", (_, write, fields, moment) => refunds.Create(write, fields, moment));
        Look("/v1/payment_intents/{id}", (http, read) => Intent.Load(read, Id(http)).ToResource());
        Look("/v1/payment_intents", (http, read) =>
            ListOf("list", "/v1/payment_intents", Intent.List(read, Limit(http)).ConvertAll(intent => intent.ToResource())));
        Look("/v1/payment_intents/search", (http, read) =>
            ListOf("search_result", "/v1/payment_intents/search", PaymentIntents.Search(read, http.Request.Query["query"], Limit(http))));
        Look("/v1/refunds/{id}", (http, read) => Refunds.Load(read, Id(http)));
        Look("/v1/refunds", (http, read) => ListOf("list", "/v1/refunds", Refunds.Of(read, http.Request.Query["payment_intent"], Limit(http))));
        Look("/v1/balance", (_, _) => ledger.Balance());
        keyed.MapGet("/knobs", () => Results.Json(panel.Knobs, OwnJson.Default.Knobs));
        keyed.MapPost("/knobs", async (HttpContext http) => Turned(panel, await ChangeOf(http)));

        void Change(string route, Func<string, Statements, Fields, Moment, Answer> operation) => keyed.MapPost(route, async http =>
            await mutation.SendAsync(http, await mutation.RunAsync(http, (write, fields, moment) => operation(Id(http), write, fields, moment))));

        void Look<T>(string route, Func<HttpContext, Statements, T> query) => keyed.MapGet(route, http =>
            mutation.SendAsync(http, Answer.With(200, books.Read(read => query(http, read)))));
    }

    /// <summary>Refusals become Stripe's error object, and a body that isn't a form becomes one of them.</summary>
    public static async Task AnswerRefusalsAsync(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
        }
        catch (Refusal refusal)
        {
            await WriteAsync(refusal);
        }
        catch (Exception e) when (e is BadHttpRequestException or InvalidDataException && !http.Response.HasStarted)
        {
            await WriteAsync(new Refusal(400, new("invalid_request_error", e.Message)));
        }

        catch (OperationCanceledException)
        {
            if (!http.Response.HasStarted)
            {
                http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest; // for the metrics: nobody is answered
            }

            http.Abort(); // the caller left, or the process stops: whoever waited finds out by asking
        }

        Task WriteAsync(Refusal refusal)
        {
            http.Response.StatusCode = refusal.Status;
            return http.Response.WriteAsJsonAsync(new ErrorBody(refusal.Error), StripeJson.Default.ErrorBody, cancellationToken: http.RequestAborted);
        }
    }

    private static Func<EndpointFilterInvocationContext, EndpointFilterDelegate, ValueTask<object?>> Keyed(string apiKey)
    {
        var expected = Encoding.UTF8.GetBytes(apiKey);
        return (context, next) => CryptographicOperations.FixedTimeEquals(Presented(context.HttpContext.Request), expected)
            ? next(context)
            : throw Refusal.Unauthorized;
    }

    /// <summary>The key of <c>Authorization: Bearer KEY</c> or <c>Basic base64(KEY:)</c>.</summary>
    private static byte[] Presented(HttpRequest request) => request.Headers.Authorization.ToString() switch
    {
        var h when h.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) => Encoding.UTF8.GetBytes(h["Bearer ".Length..].Trim()),
        var h when h.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) => UserName(h["Basic ".Length..].Trim()),
        _ => [],
    };

    private static byte[] UserName(string credentials)
    {
        var decoded = new byte[credentials.Length];
        return Convert.TryFromBase64String(credentials, decoded, out var length)
            ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(decoded, 0, length).Split(':')[0])
            : [];
    }

    private static async Task<KnobsChange> ChangeOf(HttpContext http)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, OwnJson.Default.KnobsChange, http.RequestAborted) ?? new();
        }
        catch (JsonException e)
        {
            throw new Refusal(400, new("invalid_request_error", e.Message));
        }
    }

    private static IResult Turned(Panel panel, KnobsChange change) => panel.Turn(change) is { } complaint
        ? throw new Refusal(400, new("invalid_request_error", complaint))
        : Results.Json(panel.Knobs, OwnJson.Default.Knobs);

    private static string Id(HttpContext http) => http.Request.RouteValues["id"] as string ?? "";

    private static int Limit(HttpContext http) => int.TryParse(http.Request.Query["limit"], out var limit) ? Math.Clamp(limit, 1, 100) : 10;

    private static ResourceList<T> ListOf<T>(string kind, string url, IReadOnlyList<T> data) => new(kind, url, HasMore: false, data);
}
