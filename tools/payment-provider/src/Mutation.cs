using System.Collections.Concurrent;

namespace Argosy.PaymentProvider;

/// <summary>
/// How every request that changes something is served.
/// <list type="number">
/// <item>A twin with the same <c>Idempotency-Key</c> is being served: 409.</item>
/// <item>Latency and refusals of the knobs: nothing has happened, nothing is stored.</item>
/// <item>In one commit: the key is known, and its answer is replayed (500s too; other parameters: 400) – or the operation
/// runs and its answer is stored with its effect. Parameters that don't validate store nothing.</item>
/// <item>The answer is sent; or a 500 in its place; or nothing, until the caller hangs up.</item>
/// </list>
/// A caller who hangs up early stops nothing: like the real one, the provider goes on.
/// </summary>
internal sealed partial class Mutation(Books books, Panel panel, Outgoing outgoing, TimeProvider time, IHostApplicationLifetime life, ILogger<Mutation> log)
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, bool> _inFlight = new(StringComparer.Ordinal);

    public async Task<Answer> RunAsync(HttpContext http, Func<Statements, Fields, Moment, Answer> operation)
    {
        var key = Key(http.Request);
        if (key is not null && !_inFlight.TryAdd(key, true))
        {
            throw Refusal.KeyInUse(key);
        }

        try
        {
            var fields = new Fields(http.Request.HasFormContentType ? await http.Request.ReadFormAsync() : FormCollection.Empty);
            return await CommitAsync(key, fields.Fingerprint(http.Request.Path), (write, moment) => operation(write, fields, moment));
        }
        finally
        {
            if (key is not null)
            {
                _inFlight.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Sends an answer in its manner.</summary>
    public async Task SendAsync(HttpContext http, Answer answer)
    {
        Failpoints.Hit("answer.before");
        if (answer.Manner == Manner.Silence)
        {
            StaySilent(http.Request.Path);
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest; // for the metrics: nobody is answered
            using var hangUp = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, life.ApplicationStopping);
            await Task.Delay(LongestSilence, time, hangUp.Token).ContinueWith(_ => http.Abort(), TaskScheduler.Default);
            return;
        }

        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        await http.Response.Body.WriteAsync(answer.Body, http.RequestAborted);
    }

    private async Task<Answer> CommitAsync(string? key, byte[] fingerprint, Func<Statements, Moment, Answer> operation)
    {
        var knobs = panel.Knobs;
        await WaitAsync(knobs.LatencyMs + Random.Shared.Next(knobs.LatencyJitterMs + 1));
        if (Panel.Strikes(knobs.RefuseRate))
        {
            throw Refusal.Overloaded;
        }

        var mishap = Panel.Strikes(knobs.SilenceRate) ? Manner.Silence : Panel.Strikes(knobs.ErrorAfterRate) ? Manner.ErrorAfter : Manner.Answer;
        var answer = await CommitAsync(waited: false);
        if (answer == Answer.AfterAWhile)
        {
            await WaitAsync(knobs.SlowMs);
            answer = await CommitAsync(waited: true);
        }

        outgoing.Wake();
        return answer;

        Task<Answer> CommitAsync(bool waited) =>
            books.WriteAsync(write => Execute(write, key, fingerprint, mishap, w => operation(w, new(time.GetUtcNow(), waited))));
    }

    private Answer Execute(Statements write, string? key, byte[] fingerprint, Manner mishap, Func<Statements, Answer> operation)
    {
        if (key is not null && Replay(write, key, fingerprint) is { } earlier)
        {
            return earlier;
        }

        var answer = operation(write);
        if (answer == Answer.AfterAWhile)
        {
            return answer;
        }

        answer = mishap == Manner.Answer ? answer : answer with { Manner = mishap };
        answer = answer.Manner == Manner.ErrorAfter ? Answer.With(Refusal.Internal) : answer;
        if (key is not null)
        {
            write.Execute(
                "insert into idempotency (key, request, status, body, at) values ($1, $2, $3, $4, $5)",
                key, fingerprint, answer.Status, answer.Body, time.GetUtcNow().ToUnixTimeMilliseconds());
        }

        return answer;
    }

    private static Answer? Replay(Statements write, string key, byte[] fingerprint)
    {
        var stored = write.First(
            "select request, status, body from idempotency where key = $1",
            row => (Request: row.GetFieldValue<byte[]>(0), Answer: new Answer(row.GetInt32(1), row.GetFieldValue<byte[]>(2))), key);
        return stored.Answer is null || stored.Request.AsSpan().SequenceEqual(fingerprint) ? stored.Answer : throw Refusal.KeyReused(key);
    }

    private Task WaitAsync(int milliseconds) =>
        milliseconds > 0 ? Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, life.ApplicationStopping) : Task.CompletedTask;

    private static string? Key(HttpRequest request) => request.Headers["Idempotency-Key"].ToString() switch
    {
        "" => null,
        { Length: > 255 } => throw Refusal.Parameter("Idempotency-Key", "parameter_invalid", "An idempotency key has at most 255 characters."),
        var key => key,
    };

    [LoggerMessage(LogLevel.Information, "{Path} is done and stays unanswered")]
    partial void StaySilent(string path);
}
