using System.Net;
using System.Net.Sockets;

namespace Argosy.Cli.Processes;

/// <summary>Asks processes whether they are ready.</summary>
internal sealed class Readiness : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(3) };

    /// <summary>Returns when <c>/ready</c> answers 200, or an engine takes connections; ends only by that or by cancellation.</summary>
    public async Task WaitAsync(string url, CancellationToken ct)
    {
        for (var pause = FirstPause; await AskAsync(url, ct) is not HttpStatusCode.OK; pause = Longer(pause))
        {
            await Task.Delay(pause, ct);
        }
    }

    /// <summary>The status of <c>/ready</c>, or null when nobody answers; an engine that takes a connection is as good as 200.</summary>
    public async Task<HttpStatusCode?> AskAsync(string url, CancellationToken ct)
    {
        if (new Uri(url) is { Scheme: "tcp" } engine)
        {
            return await ConnectsAsync(engine, ct) ? HttpStatusCode.OK : null;
        }

        try
        {
            using var answer = await _http.GetAsync(url + "/ready", HttpCompletionOption.ResponseHeadersRead, ct);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return null; // it took longer than the client's limit
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> ConnectsAsync(Uri engine, CancellationToken ct)
    {
        using var socket = new TcpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(_http.Timeout);
        try
        {
            await socket.ConnectAsync(engine.Host, engine.Port, limit.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
