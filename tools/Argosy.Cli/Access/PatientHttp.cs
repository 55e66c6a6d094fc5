using System.Net.Sockets;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Access;

/// <summary>
/// Asks until it knows. A lost connection, a time-out or a 5xx doesn't say whether the request was carried out, so the same request
/// goes out again, with the same key and with backoff, until an answer says so or the deadline is over.
/// </summary>
internal sealed class PatientHttp : IDisposable
{
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private int _lost;
    private int _unsure;

    /// <param name="address">Whom it asks.</param>
    /// <param name="time">The clock.</param>
    /// <param name="clientKey">What the gateway counts it by; null to be counted like anyone.</param>
    public PatientHttp(string address, TimeProvider time, string? clientKey = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(2) };
        _http = new HttpClient(handler) { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        _time = time;
        if (clientKey is not null)
        {
            _http.DefaultRequestHeaders.Add(Environment.GetEnvironmentVariable("API_KEY_HEADER") ?? "X-API-Key", clientKey);
        }
    }

    /// <summary>A fleet's gateway, asked as the client of this fleet's own load, which has a limit of its own.</summary>
    public static PatientHttp Gateway(FleetState fleet, DataFolder data, TimeProvider time) =>
        new(fleet.Gateway, time, File.Exists(data.ClientKey) ? SecretFile.ReadOrCreate(data.ClientKey) : null);

    /// <summary>How often no answer came: connection refused or lost, or too long a silence.</summary>
    public int Lost => _lost;

    /// <summary>How often an answer left it open: 5xx, 429, a twin under way.</summary>
    public int Unsure => _unsure;

    /// <exception cref="UnansweredException">The deadline was over first.</exception>
    public async Task<Answer> AskAsync(Ask ask, TimeSpan patience, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        var last = "no answer";
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var (answer, why) = await TryAsync(ask, either.Token);
                if (answer is { LeavesDoubt: false })
                {
                    return answer;
                }

                last = why;
                var wait = answer?.RetryAfter is { } asked && asked > pause ? asked : pause * (0.5 + Random.Shared.NextDouble());
                await Task.Delay(wait, _time, either.Token);
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested)
            {
                throw new UnansweredException($"{ask.Method} {ask.Path}: no word within {patience.TotalSeconds:0} s; the last was: {last}");
            }
        }
    }

    /// <summary>Opens an answer to be read as it comes; asks once.</summary>
    public Task<HttpResponseMessage> OpenAsync(Ask ask, CancellationToken ct) =>
        _http.SendAsync(ask.ToRequest(), HttpCompletionOption.ResponseHeadersRead, ct);

    public void Dispose() => _http.Dispose();

    private async Task<(Answer? Answer, string Why)> TryAsync(Ask ask, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AttemptLimit);
        try
        {
            using var request = ask.ToRequest();
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);
            var answer = await Answer.ReadAsync(response, limit.Token);
            if (answer.LeavesDoubt)
            {
                Interlocked.Increment(ref _unsure);
            }

            return (answer, answer.ToString());
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            Interlocked.Increment(ref _lost);
            return (null, e is OperationCanceledException ? $"silence for {AttemptLimit.TotalSeconds:0} s" : e.Message);
        }
    }
}

/// <summary>It isn't known whether it was done, and there was no time left to find out.</summary>
internal sealed class UnansweredException(string message) : Exception(message);
