using System.Diagnostics.Metrics;
using System.Globalization;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Telemetry;
using Argosy.Gateway.Keys;

namespace Argosy.Gateway.Limits;

/// <summary>
/// How often somebody may ask. The protocol:
/// <list type="number">
/// <item>Who is a known client, by its key, has a bucket of its own, and no other counts.</item>
/// <item>Everybody else is counted by the policies of this very route, and then by those of every route: who is refused by the narrower
/// one has not used up the other.</item>
/// <item>The first bucket that is empty refuses the request: 429, with the time after which it may be asked again.</item>
/// <item>Whatever the answer is, it says by what it was counted and what is left.</item>
/// </list>
/// </summary>
internal sealed class Limiter : IDisposable
{
    // Who was refused together does not come back together. Upwards: never before there is something for them.
    private const double Jitter = 0.25;

    private static readonly Counter<long> Refusals = ArgosySources.Meter.CreateCounter<long>(
        "argosy.limit.refusals", "{request}", "Requests refused because a quota was used up.");

    private readonly Callers _callers;
    private readonly Limit[] _limits;
    private readonly Dictionary<string, Limit[]> _clients;

    public Limiter(LimitsFile file, Callers callers, RateLimiters limiters)
    {
        _callers = callers;
        _limits = [.. file.Policies.OrderBy(policy => policy.Routes.Count == 0).Select(policy => new Limit(policy, new Bucket(policy.Quota, limiters, readsMayPass: policy.Routes.Count == 0)))];
        _clients = file.Clients.ToDictionary(
            client => client.Name, Limit[] (client) => [new Limit(new Policy(client, []), new Bucket(client, limiters, readsMayPass: true))], StringComparer.Ordinal);
    }

    /// <summary>Null for whoever may pass.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The path that its service gets.</param>
    /// <param name="sender">Whom its key names.</param>
    public async ValueTask<Problem?> RefuseAsync(HttpContext context, string path, Sender sender)
    {
        var client = sender.Client;
        var method = context.Request.Method;
        var limits = client is null ? Array.FindAll(_limits, limit => limit.Policy.Find(method, path) is not null) : _clients.GetValueOrDefault(client, []);
        if (limits.Length == 0)
        {
            return null;
        }

        var said = Said.On(context.Response);
        said.Declare(limits.Select(limit => limit.Bucket));
        var isRead = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
        foreach (var (policy, bucket) in limits)
        {
            var caller = client
                ?? (policy.Find(method, path)!.ByAddress ? Callers.Address(context.Connection.RemoteIpAddress) : sender.Key ?? await _callers.NameAsync(context));
            var drawn = await bucket.DrawAsync(caller, isRead, context.RequestAborted);
            said.Counted(bucket, drawn);
            if (drawn.Wait is { } wait)
            {
                return Refuse(policy.Quota, wait);
            }
        }

        return null;
    }

    /// <summary>Who has to have a place for a stream; null where as many may be had as there are: without limits, and for clients with a quota of their own.</summary>
    public async ValueTask<string?> FollowerAsync(HttpContext context, Sender sender) =>
        _limits.Length == 0 || sender.Client is not null ? null : await _callers.NameAsync(context);

    /// <summary>
    /// Null where auth-service may be asked about an API key on behalf of this address: as often as it may ask anything, and counted apart from
    /// that, so that its neighbours' requests keep nobody's key from being known.
    /// </summary>
    public async ValueTask<Problem?> RefuseExchangeAsync(string address, CancellationToken gone)
    {
        var caller = $"exchange:{address}";
        foreach (var (policy, bucket) in _limits.Where(limit => limit.Policy.Routes.Count == 0))
        {
            if ((await bucket.DrawAsync(caller, isRead: false, gone)).Wait is { } wait)
            {
                return Refuse(policy.Quota, wait);
            }
        }

        return null;
    }

    public void Dispose()
    {
        foreach (var limit in _limits.Concat(_clients.Values.SelectMany(client => client)))
        {
            limit.Bucket.Dispose();
        }
    }

    private static Problem Refuse(Quota quota, TimeSpan wait)
    {
        Refusals.Add(1, new KeyValuePair<string, object?>("argosy.limit.policy", quota.Name));
        var seconds = Math.Ceiling(Math.Ceiling(wait.TotalSeconds) * (1 + (Jitter * Random.Shared.NextDouble())));
        return Problem.QuotaExceeded(quota.Name, string.Create(
            CultureInfo.InvariantCulture, $"You may ask {quota.Requests} times in {quota.Window.TotalSeconds:0} s here, and have; ask again in {seconds:0} s."), TimeSpan.FromSeconds(seconds));
    }

    private sealed record Limit(Policy Policy, Bucket Bucket);
}
