using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;

namespace Argosy.FaultLab.Load;

/// <summary>People who register while things are broken. In the end whoever was registered logs in, and user-service has heard of them.</summary>
/// <param name="name">Tells them from those of others.</param>
internal sealed class Newcomers(string name)
{
    private const int Most = 2;     // hashing a password is meant to be slow
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly List<Registration> _registered = [];
    private int _tried;

    /// <summary>No more of them in this run.</summary>
    public bool HaveCome => _tried >= Most;

    /// <summary>How many were registered.</summary>
    public int Registered => _registered.Count;

    /// <summary>One more.</summary>
    /// <param name="askAsync">Asks as nobody; null where no answer came.</param>
    public async Task RegisterAsync(Func<Ask, Task<Answer?>> askAsync)
    {
        var newcomer = new Registration($"new-{name}-{++_tried}@example.com", RandomNumberGenerator.GetHexString(32), "A newcomer");
        var answer = await askAsync(Ask.Post("/api/v1/auth/register", newcomer, WireJson.Default.Registration));

        // Nobody else has that address: in a conflict an earlier attempt of this one was done.
        if (answer is { IsSuccess: true } or { Status: HttpStatusCode.Conflict, LeavesDoubt: false })
        {
            _registered.Add(newcomer);
        }
    }

    /// <summary>All is over: what is wrong with them.</summary>
    /// <param name="askAsync">Asks as whoever the request says, with patience.</param>
    /// <param name="deadline">Until then user-service may not have heard of somebody.</param>
    public async Task<IReadOnlyList<string>> CheckAsync(Func<Ask, Task<Answer>> askAsync, CancellationToken deadline)
    {
        var wrong = new List<string>();
        foreach (var newcomer in _registered)
        {
            var login = await askAsync(Ask.Post("/api/v1/auth/login", new Credentials(newcomer.Email, newcomer.Password), WireJson.Default.Credentials));
            var known = !login.IsSuccess ? null : await ProfileAsync(login.Read(WireJson.Default.Tokens).AccessToken, askAsync, deadline);
            if (known is not { IsSuccess: true } || (string?)JsonNode.Parse(known.Body)!["email"] != newcomer.Email)
            {
                wrong.Add($"{newcomer.Email} was registered, and in the end {(known is null ? $"their login is answered {login}" : $"their profile is {known}")}");
            }
        }

        return wrong;
    }

    private static async Task<Answer> ProfileAsync(string token, Func<Ask, Task<Answer>> askAsync, CancellationToken deadline)
    {
        while (true)
        {
            var answer = await askAsync(Ask.Get("/api/v1/users/me") with { Token = token, IsFresh = true });
            if (answer.IsSuccess || deadline.IsCancellationRequested)
            {
                return answer;
            }

            await Task.Delay(Pause, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
