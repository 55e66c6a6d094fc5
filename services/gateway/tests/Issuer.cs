using System.Collections.Concurrent;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.AspNetCore.Http;

namespace Argosy.Gateway.Tests;

/// <summary>Auth-service as far as API keys are concerned: a real server that gives a token for the keys that it knows, and counts.</summary>
internal sealed class Issuer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _tokens = new(StringComparer.Ordinal);
    private int _asked;
    private Backend _backend = null!;

    public Uri Address => _backend.Address;

    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Answers wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int Status { get; set; } = StatusCodes.Status200OK;

    public static async Task<Issuer> StartAsync()
    {
        var issuer = new Issuer();
        issuer._backend = await Backend.StartAsync(issuer.AnswerAsync);
        return issuer;
    }

    /// <summary>A key that is good for this token.</summary>
    public string KeyFor(string token)
    {
        var key = ApiKey.New().Text;
        Give(key, token);
        return key;
    }

    /// <summary>From now on this key is good for this token.</summary>
    public void Give(string key, string token) => _tokens[key] = token;

    public ValueTask DisposeAsync() => _backend.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (Backend.TargetOf(context) != ApiKey.TokenPath)
        {
            return;
        }

        Interlocked.Increment(ref _asked);
        await Gate.WaitAsync(context.RequestAborted);
        var key = Uri.UnescapeDataString(_backend.Arrivals.Last(arrival => arrival.Target == ApiKey.TokenPath).Body["key=".Length..]);
        var token = _tokens.GetValueOrDefault(key);
        context.Response.StatusCode = Status != StatusCodes.Status200OK ? Status : token is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK;
        if (context.Response.StatusCode == StatusCodes.Status200OK)
        {
            await context.Response.WriteAsync($$"""{"access_token":"{{token}}","token_type":"Bearer","expires_in":600,"scope":"api"}""");
        }
    }
}
