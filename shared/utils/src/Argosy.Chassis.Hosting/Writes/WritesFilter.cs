using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting.Writes;

/// <summary>
/// Commits what a handler filled. The protocol:
/// <list type="number">
/// <item>Run the handler: it reads, decides, fills the write set and returns an answer.</item>
/// <item>Write the answer into memory; with an idempotency key it goes into the same commit as the effect.</item>
/// <item>A refusal has no effect: only its record is committed, where it is the rules' word (404, 409, 410, 422).</item>
/// <item>Commit. Conflict: run the handler again on fresh reads. Duplicate: a twin was faster, send its answer.</item>
/// <item>Send the answer: never before the commit.</item>
/// </list>
/// </summary>
internal sealed class WritesFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var store = http.RequestServices.GetRequiredService<IStore>();
        var work = http.RequestServices.GetRequiredService<WriteSet>();
        var key = http.Features.Get<IdempotencyKey>();
        for (var conflicts = 1; ; conflicts++)
        {
            work.Clear();
            var result = (IResult)(await next(context))!;
            var answer = await StoredAnswer.CaptureAsync(http, result);
            if (Fill(work, key, answer))
            {
                var outcome = await store.CommitAsync(work, http.RequestAborted);
                switch (outcome.Result)
                {
                    case CommitResult.Conflict when conflicts < Dispatch.MaxConflicts:
                        continue;
                    case CommitResult.Conflict:
                        return Problem.Conflict("write.contention", "Too many others change this at the same time: ask again.").ToResult();
                    case CommitResult.Failed when outcome.Error is { } away && store.IsTransient(away):
                        return Problem.Unavailable("write.away", "The database cannot be written right now: ask again.", TimeSpan.FromSeconds(1)).ToResult();
                    case CommitResult.Failed:
                        throw new CommitException(outcome);
                    case CommitResult.Duplicate or CommitResult.Unknown:
                        return new Settled(store, key, work, outcome.Result);
                    default:
                        break;
                }
            }

            Failpoints.Hit("answer.before");
            return new Sends(answer);
        }
    }

    // False: there is nothing to commit.
    private static bool Fill(WriteSet work, IdempotencyKey? key, StoredAnswer answer)
    {
        if (answer.Status >= 400)
        {
            work.Clear();
        }

        if (key is not null && (answer.Status is < 400 or 404 or 409 or 410 or 422))
        {
            work.Add(IdempotencyRecords.Insert(key, answer, work.Now));
        }

        return !work.IsEmpty;
    }

    private sealed class Sends(StoredAnswer answer) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => answer.SendAsync(httpContext);
    }

    /// <summary>The commit's word is missing or another's: what the idempotency record says is what happened.</summary>
    private sealed class Settled(IStore store, IdempotencyKey? key, WriteSet work, CommitResult result) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            if (key is not null && await IdempotencyRecords.FindAsync(store, key, httpContext.RequestAborted) is { } stored)
            {
                // Whoever was woken, or read again, while the commit was unknown may have been too early.
                work.After(result).ToList().ForEach(wake => wake());
                await IdempotencyMiddleware.AnswerAsync(httpContext, key, stored.RequestHash, stored.Answer);
                return;
            }

            await Problem.Unavailable("write.unknown", "It is not known whether this was done: ask again with the same Idempotency-Key.").ToResult().ExecuteAsync(httpContext);
        }
    }
}
