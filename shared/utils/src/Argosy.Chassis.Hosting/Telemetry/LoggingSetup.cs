using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Logs of ours from <c>LOG_LEVEL</c> on (information when absent), the framework's from warning on. <c>ARGOSY_LOG_FORMAT</c> is
/// <c>json</c> or <c>text</c>; absent, text where a person looks (standard output is a terminal) and JSON for everybody else.
/// </summary>
internal static class LoggingSetup
{
    public static void AddLogs(this ILoggingBuilder logging, Settings settings, string service)
    {
        var word = settings.Word("LOG_LEVEL", "information", "trace", "debug", "warning", "error");
        var level = Enum.Parse<LogLevel>(word, ignoreCase: true);
        var format = settings.Word("ARGOSY_LOG_FORMAT", "auto", "json", "text");
        var asText = format == "text" || (format == "auto" && StandardStreams.IsTerminal);
        logging.ClearProviders();
        logging.SetMinimumLevel(level);

        // Trace lets everything out; anything quieter leaves the framework's own narration away.
        if (level != LogLevel.Trace)
        {
            var framework = level > LogLevel.Warning ? level : LogLevel.Warning;
            logging.AddFilter("Microsoft", framework).AddFilter("System", framework);

            // The framework's words under our handler's name: a line for each 401 and 403, which the request's own line has already.
            logging.AddFilter(typeof(BearerHandler).FullName, framework);
        }

        // Readiness is polled, and shows at /ready; an error in the log for every poll of a start tells nobody anything.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.Services.AddSingleton<ILoggerProvider>(provider =>
            new StreamLogs(StandardStreams.OpenOutput(), asText ? new TextLogFormat() : new JsonLogFormat(service), provider.GetRequiredService<TimeProvider>()));
    }
}
