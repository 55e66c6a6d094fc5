using System.Net;

namespace Argosy.Cli.Access;

/// <summary>Somebody who is logged in, and stays so: a token that has expired is replaced and the request made again.</summary>
internal sealed class Session(PatientHttp http, Accounts accounts, string who) : IDisposable
{
    private readonly SemaphoreSlim _loggingIn = new(1);
    private string? _token;

    public string Who => who;

    public PatientHttp Http => http;

    public async Task<Answer> AskAsync(Ask ask, TimeSpan patience, CancellationToken ct)
    {
        var token = await TokenAsync(refused: null, ct);
        var answer = await http.AskAsync(ask with { Token = token }, patience, ct);
        return answer.Status != HttpStatusCode.Unauthorized
            ? answer
            : await http.AskAsync(ask with { Token = await TokenAsync(refused: token, ct) }, patience, ct);
    }

    /// <summary>A token that hasn't been refused yet; many may ask at once, one logs in.</summary>
    public async Task<string> TokenAsync(string? refused, CancellationToken ct)
    {
        if (_token is { } current && current != refused)
        {
            return current;
        }

        await _loggingIn.WaitAsync(ct);
        try
        {
            return _token is { } fresh && fresh != refused ? fresh : _token = (await accounts.LoginAsync(who, ct)).AccessToken;
        }
        finally
        {
            _loggingIn.Release();
        }
    }

    /// <summary>Who that is by the services' own reckoning: the token's <c>sub</c>.</summary>
    public async Task<string> SubjectAsync(CancellationToken ct) => Accounts.ClaimsOf(await TokenAsync(refused: null, ct)).Sub;

    public void Dispose() => _loggingIn.Dispose();
}
