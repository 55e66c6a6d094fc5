using System.Diagnostics;
using System.Net;

namespace Argosy.E2E;

/// <summary>Services that have too much to do say so, and when to come again. Whoever isn't about that comes again.</summary>
internal static class Busy
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The first answer that isn't 503 or 504, nor that the same request is still under way; after a minute whatever it is.</summary>
    /// <param name="ask">A request that may be made again: a read, one with a key, or one whose second time is known from its answer.</param>
    public static async Task<HttpResponseMessage> DecidedAsync(Func<Task<HttpResponseMessage>> ask)
    {
        for (var since = Stopwatch.GetTimestamp(); ;)
        {
            var answer = await ask();
            if (!await IsUndecidedAsync(answer) || Stopwatch.GetElapsedTime(since) > Within)
            {
                return answer;
            }

            await Task.Delay(answer.Headers.RetryAfter?.Delta ?? Pause);
            answer.Dispose();
        }
    }

    private static async Task<bool> IsUndecidedAsync(HttpResponseMessage answer) => answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
        || (answer.StatusCode == HttpStatusCode.Conflict && (await answer.Content.ReadAsStringAsync()).Contains(":idempotency.twin", StringComparison.Ordinal));
}
