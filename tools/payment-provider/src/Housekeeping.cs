namespace Argosy.PaymentProvider;

/// <summary>Forgets idempotency keys after a day and settled events after a month, as Stripe does. The ledger is kept for ever.</summary>
internal sealed class Housekeeping(Books books, TimeProvider time) : BackgroundService
{
    private const int Batch = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(10), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ForgetAsync("delete from idempotency where key in (select key from idempotency where at < $1 limit $2)", TimeSpan.FromDays(1), stoppingToken);
            await ForgetAsync(
                "delete from event where id in (select id from event where state <> 'waiting' and created < $1 limit $2)", TimeSpan.FromDays(30), stoppingToken);
        }
    }

    /// <summary>In small bites, so that no charge waits behind a long deletion.</summary>
    private async Task ForgetAsync(string sql, TimeSpan age, CancellationToken cancellation)
    {
        var horizon = time.GetUtcNow().Subtract(age).ToUnixTimeMilliseconds();
        while (await books.WriteAsync(write => write.Execute(sql, horizon, Batch)) == Batch)
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
