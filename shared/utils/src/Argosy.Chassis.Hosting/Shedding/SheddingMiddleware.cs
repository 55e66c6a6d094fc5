using System.Globalization;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// Turns away what comes too late, before anything is done for it (docs/decisions/0094-load-shedding.md). The protocol:
/// <list type="number">
/// <item>Probes always pass: who is overloaded is neither dead nor to be taken out.</item>
/// <item>While the commit pipeline is too far behind, what would write is refused: it would hold a place that reads can use.</item>
/// <item>While sagas of a type stand (<see cref="StandingSagas"/>), what would begin another is refused, and told when that is looked at again
/// (<see cref="ClosedDoor"/>); what changes one that has begun is not.</item>
/// <item>Everything else takes a place at the <see cref="Gate"/>, or waits for one. A stream passes by it and holds none: it lasts.</item>
/// </list>
/// </summary>
internal sealed class SheddingMiddleware(RequestDelegate next, Gate gate, IServiceProvider services)
{
    private IStore? _store;
    private StandingSagas? _standing;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<ProbeMetadata>() is not null)
        {
            return next(context);
        }

        var priority = Priorities.Of(context);
        if (priority == Priority.Checkout && IsWrite(context) && Store is { } store && store.Behind >= Patience.Commits)
        {
            return RefuseAsync(context, priority, "commits");
        }

        if (endpoint.Metadata.GetMetadata<BeginsMetadata>() is { } begins && Standing is { } standing && standing.Stand(begins.Saga) is { } closed)
        {
            context.Response.Headers[ClosedDoor.Header] = Math.Ceiling(closed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return RefuseAsync(context, priority, "sagas");
        }

        return InTurnAsync(context, endpoint, priority);
    }

    private async Task InTurnAsync(HttpContext context, Endpoint endpoint, Priority priority)
    {
        if (!await gate.EnterAsync(priority, context.RequestAborted))
        {
            await RefuseAsync(context, priority, "queue");
            return;
        }

        var stays = endpoint.Metadata.GetMetadata<StreamsMetadata>() is null;
        if (!stays)
        {
            gate.Leave();
        }

        try
        {
            await next(context);
        }
        finally
        {
            if (stays)
            {
                gate.Leave();
            }
        }
    }

    private static Task RefuseAsync(HttpContext context, Priority priority, string cause)
    {
        context.Features.Set(Shed.Mark);
        return ProblemAnswers.WriteAsync(context, Shed.Refuse(priority, cause));
    }

    private static bool IsWrite(HttpContext context) => !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);

    // Asked for late: the gateway has none, and one that cannot be opened is the start's to tell.
    private IStore? Store => _store ??= services.GetService<ServiceStart>() is { Fault: null } ? services.GetRequiredService<IStore>() : null;

    private StandingSagas? Standing => _standing ??= Store is null ? null : services.GetRequiredService<StandingSagas>();
}
