using System.Collections.Concurrent;
using System.Diagnostics;

namespace Argosy.E2E.Stress;

/// <summary>What somebody was told, and after how long; status 0 where the connection broke.</summary>
internal sealed record Told(string What, int Status, TimeSpan Took, TimeSpan? RetryAfter, string Body)
{
    public override string ToString() => $"{What}: {Status} in {Took.TotalMilliseconds:0} ms {Body}";
}

/// <summary>Some who ask one thing after the other for as long as something happens.</summary>
internal sealed class Asker
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<Told> _told = new();
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _loops;

    private Asker(IEnumerable<(string What, Func<Task<HttpResponseMessage>> Ask)> questions) => _loops = [.. questions.Select(LoopAsync)];

    /// <summary>One asker for each question.</summary>
    public static Asker Start(params IEnumerable<(string What, Func<Task<HttpResponseMessage>> Ask)> questions) => new(questions);

    /// <summary>So far.</summary>
    public IReadOnlyCollection<Told> Told => _told;

    public async Task<IReadOnlyList<Told>> StopAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_loops);
        _over.Dispose();
        return [.. _told];
    }

    public static async Task<Told> AskAsync(string what, Func<Task<HttpResponseMessage>> ask)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            using var answer = await ask();
            var body = answer.IsSuccessStatusCode ? "" : await answer.Content.ReadAsStringAsync();
            return new Told(what, (int)answer.StatusCode, Stopwatch.GetElapsedTime(start), answer.Headers.RetryAfter?.Delta, body);
        }
        catch (HttpRequestException e)
        {
            return new Told(what, 0, Stopwatch.GetElapsedTime(start), null, e.Message);
        }
    }

    private async Task LoopAsync((string What, Func<Task<HttpResponseMessage>> Ask) question)
    {
        while (!_over.IsCancellationRequested)
        {
            _told.Enqueue(await AskAsync(question.What, question.Ask));
            await Task.Delay(Pause, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
