using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Console;

namespace Argosy.PaymentProvider;

/// <summary>What the process consists of.</summary>
internal static class Composition
{
    public static void AddProvider(this WebApplicationBuilder builder, ProviderOptions options)
    {
        var metrics = new Metrics();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Host, options.Port, listen => listen.Use(metrics.Count));
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });
        builder.Logging.ClearProviders().AddConsole(console => console.FormatterName = JsonLines.FormatterName)
            .AddConsoleFormatter<JsonLines, ConsoleFormatterOptions>()
            .AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information)
            .AddFilter("System.Net.Http", LogLevel.Warning);
        builder.Services.AddSingleton(metrics).AddSingleton(TimeProvider.System).AddSingleton(OpenBooks(options.Database)).AddSingleton(new Panel(options.Knobs))
            .AddSingleton(services => new Outgoing(options.Webhook, services.GetRequiredService<Panel>()))
            .AddSingleton<Ledger>().AddSingleton<PaymentIntents>().AddSingleton<Refunds>().AddSingleton<Mutation>()
            .AddHostedService<Housekeeping>();
        if (options.Webhook is { } webhook)
        {
            builder.Services.AddSingleton(webhook).AddSingleton(_ => WebhookClient()).AddHostedService<Courier>();
        }
    }

    private static Books OpenBooks(string path)
    {
        try
        {
            return new Books(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new ConfigurationException("DATABASE_URL", $"names {path}, which can't be opened: {e.Message} Give a writable path that no other process uses.");
        }
    }

    private static HttpClient WebhookClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // a redirect could lead a signed event anywhere
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    { Timeout = TimeSpan.FromSeconds(10) };
}
