using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Argosy.PaymentProvider;

/// <summary>
/// Delivers events to the merchant, each at least once: it is marked as delivered after a 2xx, tried again with growing
/// pauses after anything else, and given up after three days as Stripe does. Order is not promised.
/// </summary>
internal sealed partial class Courier(
    Books books, Outgoing outgoing, WebhookTarget target, Panel panel, HttpClient http, TimeProvider time, ILogger<Courier> log) : BackgroundService
{
    private const int MostAtOnce = 16;
    private const int MostInOneRound = 256;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan GivesUpAfter = TimeSpan.FromDays(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var due = books.Read(read => read.All(
                $"select id, body, created, attempts from event where state = 'waiting' and due <= $1 order by due limit {MostInOneRound}",
                row => new Parcel(row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetInt64(2), row.GetInt32(3)),
                time.GetUtcNow().ToUnixTimeMilliseconds()));
            await Parallel.ForEachAsync(
                due, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = stoppingToken }, DeliverAsync);
            if (due.Count < MostInOneRound)
            {
                await outgoing.WaitAsync(Poll, stoppingToken);
            }
        }
    }

    private async ValueTask DeliverAsync(Parcel parcel, CancellationToken cancellation)
    {
        var failure = await TryAsync(parcel, cancellation);
        if (failure is null && Panel.Strikes(panel.Knobs.WebhookDuplicateRate))
        {
            failure = await TryAsync(parcel, cancellation);
        }

        var now = time.GetUtcNow();
        if (failure is null)
        {
            await books.WriteAsync(write => write.Execute("update event set state = 'delivered', attempts = attempts + 1 where id = $1", parcel.Id));
        }
        else if (now.ToUnixTimeMilliseconds() - parcel.Created > GivesUpAfter.TotalMilliseconds)
        {
            Abandoned(parcel.Id, parcel.Attempts + 1, failure);
            await books.WriteAsync(write => write.Execute("update event set state = 'abandoned', attempts = attempts + 1 where id = $1", parcel.Id));
        }
        else
        {
            Undelivered(parcel.Id, parcel.Attempts + 1, failure);
            var due = now.Add(Pause(parcel.Attempts)).ToUnixTimeMilliseconds();
            await books.WriteAsync(write => write.Execute("update event set due = $2, attempts = attempts + 1 where id = $1", parcel.Id, due));
        }
    }

    /// <summary>One attempt; null when it was accepted, else what went wrong.</summary>
    private async Task<string?> TryAsync(Parcel parcel, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(parcel.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.Add("Stripe-Signature", Signature.Of(parcel.Body, target.Secret, time.GetUtcNow()));
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            return response.IsSuccessStatusCode ? null : $"HTTP {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)     // the latter: a connection that was reset as soon as it was there
        {
            return e.Message;
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {http.Timeout.TotalSeconds:0} s";
        }
    }

    /// <summary>A quarter of a second, doubling up to a minute, plus up to as much again so that a crowd spreads out.</summary>
    private static TimeSpan Pause(int attempts) => TimeSpan.FromSeconds(Math.Min(60, 0.25 * Math.Pow(2, Math.Min(attempts, 10))) * (1 + Random.Shared.NextDouble()));

    [LoggerMessage(LogLevel.Debug, "Event {Event} not delivered on attempt {Attempt}: {Failure}")]
    partial void Undelivered(string @event, int attempt, string failure);

    [LoggerMessage(LogLevel.Warning, "Event {Event} abandoned after {Attempts} attempts: {Failure}")]
    partial void Abandoned(string @event, int attempts, string failure);

    private sealed record Parcel(string Id, byte[] Body, long Created, int Attempts);
}
