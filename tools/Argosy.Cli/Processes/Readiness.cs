using System.Net;

namespace Argosy.Cli.Processes;

/// <summary>Asks processes whether they are ready.</summary>
internal sealed class Readiness : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(3) };

    /// <summary>Returns when <c>/ready</c> answers 200; ends only by that or by cancellation.</summary>
    public async Task WaitAsync(string url, CancellationToken ct)
    {
        for (var pause = FirstPause; await AskAsync(url, ct) is not HttpStatusCode.OK; pause = Longer(pause))
        {
            await Task.Delay(pause, ct);
        }
    }

    /// <summary>The status of <c>/ready</c>, or null when nobody answers.</summary>
    public async Task<HttpStatusCode?> AskAsync(string url, CancellationToken ct)
    {
        try
        {
            using var answer = await _http.GetAsync(url + "/ready", HttpCompletionOption.ResponseHeadersRead, ct);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return null; // it took longer than the client's limit
        }
    }

    public void Dispose() => _http.Dispose();

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
