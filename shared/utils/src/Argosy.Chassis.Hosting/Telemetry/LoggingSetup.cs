using Argosy.Chassis.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>Logs of ours from <c>LOG_LEVEL</c> on (information when absent), the framework's from warning on.</summary>
internal static class LoggingSetup
{
    public static void AddJsonLogs(this ILoggingBuilder logging, Settings settings, string service)
    {
        var word = settings.Word("LOG_LEVEL", "information", "trace", "debug", "warning", "error");
        var level = Enum.Parse<LogLevel>(word, ignoreCase: true);
        logging.ClearProviders();
        logging.SetMinimumLevel(level);

        // Trace lets everything out; anything quieter leaves the framework's own narration away.
        if (level != LogLevel.Trace)
        {
            var framework = level > LogLevel.Warning ? level : LogLevel.Warning;
            logging.AddFilter("Microsoft", framework).AddFilter("System", framework);
        }

        // Readiness is polled, and shows at /ready; an error in the log for every poll of a start tells nobody anything.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.Services.AddSingleton<ILoggerProvider>(provider =>
            new JsonLogs(StandardStreams.OpenOutput(), service, provider.GetRequiredService<TimeProvider>()));
    }
}
