using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Performance;

/// <summary>
/// What it costs to know who asks: a token that was seen before against one that was not; logins as fast as they are answered, and then ten
/// times as many as that, which the few places at the hashing have to keep from everything else.
/// </summary>
internal sealed class IdentityFigures(BenchOptions options)
{
    private const int Tokens = 500;
    private const int Accounts = 160;       // more than may wait at once, so that nobody guesses twice at a time
    private const int Times = 10;
    private const string Password = "a long walk on the shore";

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var (fresh, known) = await TokensAsync(cancellation);
        yield return Figure.AtMost("access token seen before", known.TotalMicroseconds, 30, "µs", "N1");
        yield return new Figure("access token not seen before", $"{fresh.TotalMicroseconds:N0} µs, {fresh / known:N0}×");

        await using var bench = await ServiceBench.StartAsync("auth-service", "AuthService");
        await Parallel.ForAsync(0, Accounts, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation }, async (i, ct) => await RegisterAsync(bench, i, ct));
        var alone = await AnonymousAsync(bench, cancellation);
        var most = await Load.AtMostAsync(4, options.Duration / 2, (i, ct) => LoginAsync(bench, i, ct), cancellation);
        yield return new Figure("logins", $"{most.PerSecond:N1} /s");

        var others = AnonymousAsync(bench, cancellation);
        var flood = await Load.AtRateAsync(most.PerSecond * Times, options.Duration / 2, (i, ct) => LoginAsync(bench, i, ct), cancellation);
        yield return new Figure($"logins let in at {Times}× that load", $"{flood.PerSecond:N1} /s, {flood.PerSecond / most.PerSecond:N2}× of the maximum");
        yield return new Figure("of those, p50 and p99", $"{flood.Latencies.Percentile(50):N0}, {flood.Latencies.Percentile(99):N0} ms");
        yield return new Figure("of the others", string.Join(", ", flood.Failures.OrderByDescending(failure => failure.Value).Select(failure => $"{failure.Value} {failure.Key}")));
        var during = await others;
        yield return new Figure("who asks for the keys meanwhile, p99", $"{during.Percentile(99):N1} ms, {during.Percentile(99) / alone.Percentile(99):N1}× of alone");
    }

    private static async Task<(TimeSpan Fresh, TimeSpan Known)> TokensAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-bench-identity-").FullName;
        using var issuer = new TestIssuer(folder);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddArgosyIdentity(new IdentityOptions { Issuer = TestIssuer.Name, Jwks = new Uri("http://127.0.0.1:9"), PublicKeyPath = issuer.Environment["JWT_PUBLIC_KEY_PATH"] });
        await using var app = builder.Build();
        await app.StartAsync(cancellation);
        var check = app.Services.GetRequiredService<TokenCheck>();
        await Eventually.HoldsAsync(async () => (await check.CheckAsync(issuer.TokenFor("warm"), cancellation)).Caller is not null, "the key is here");
        var tokens = Enumerable.Range(0, Tokens).Select(i => issuer.TokenFor(i.ToString(CultureInfo.InvariantCulture))).ToArray();
        var fresh = await EachAsync(check, tokens, 1, cancellation);
        await EachAsync(check, tokens, 20, cancellation);
        var known = await EachAsync(check, tokens, 200, cancellation);
        await app.StopAsync(cancellation);
        Directory.Delete(folder, recursive: true);
        return (fresh, known);
    }

    private static async Task<TimeSpan> EachAsync(TokenCheck check, string[] tokens, int rounds, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var token in tokens)
            {
                if ((await check.CheckAsync(token, cancellation)).Caller is null)
                {
                    throw new InvalidOperationException("A good token was refused.");
                }
            }
        }

        return Stopwatch.GetElapsedTime(began) / (rounds * tokens.Length);
    }

    // Everybody else, as far as this process serves anybody else: a request that costs next to nothing, fifty times a second.
    private async Task<Latencies> AnonymousAsync(ServiceBench bench, CancellationToken cancellation) => (await Load.AtRateAsync(50, options.Duration / 2, async (_, ct) =>
    {
        using var answer = await bench.Anonymous.GetAsync("/.well-known/jwks.json", ct);
        answer.EnsureSuccessStatusCode();
    }, cancellation)).Latencies;

    private static async Task RegisterAsync(ServiceBench bench, int number, CancellationToken cancellation)
    {
        using var answer = await bench.Anonymous.PostAsJsonAsync("/api/v1/auth/register", new { email = EmailOf(number), password = Password, name = "Bench" }, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task LoginAsync(ServiceBench bench, int number, CancellationToken cancellation)
    {
        using var answer = await bench.Anonymous.PostAsJsonAsync("/api/v1/auth/login", new { email = EmailOf(number % Accounts), password = Password }, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"answered {(int)answer.StatusCode}"));
        }
    }

    private static string EmailOf(int number) => string.Create(CultureInfo.InvariantCulture, $"person-{number}@example.org");
}
