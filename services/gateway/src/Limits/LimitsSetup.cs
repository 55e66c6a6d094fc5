using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Gateway.Keys;

namespace Argosy.Gateway.Limits;

/// <summary>What of the environment the limits are made of.</summary>
internal static partial class LimitsSetup
{
    private const string Switch = "RATE_LIMITS";

    /// <summary>Where the file is.</summary>
    public const string Variable = "API_LIMITS";

    private static readonly LimitsFile None = new([], [], []);

    /// <summary><c>RATE_LIMITS</c> <c>off</c> lifts how often somebody may ask; what one request may be holds all the same, and is given back.</summary>
    public static IReadOnlyList<RequestPolicy> AddLimits(this ArgosyBuilder argosy)
    {
        var settings = argosy.Settings;
        var areOff = settings.Word(Switch, "on", "off") == "off";
        var read = areOff && settings.Text(Variable) is null ? null : Read(settings);
        var file = areOff ? None : read ?? None;
        var keys = ClientKeys.Read(settings, read?.Clients);
        if (!areOff)
        {
            argosy.KnowsCallers();
        }

        argosy.LimitsRates();
        argosy.Services.AddSingleton(keys);
        argosy.Services.AddSingleton(provider => new Limiter(
            file, new Callers(provider.GetService<TokenCheck>()), provider.GetRequiredService<RateLimiters>()));
        if (areOff)
        {
            argosy.Services.AddHostedService<Warning>();
        }

        return read?.Requests ?? [];
    }

    // Null where it is no use: what else it would have made wrong is not told.
    private static LimitsFile? Read(Settings settings)
    {
        var file = settings.RequiredText(Variable, "the YAML file with the limits, such as infrastructure/gateway/limits.yaml, or RATE_LIMITS to off");
        if (file.Length == 0)
        {
            return null;
        }

        try
        {
            var limits = LimitsFile.Parse(file, File.ReadAllText(file), out var errors);
            foreach (var error in errors)
            {
                settings.Refuse(Variable, $"{error}.");
            }

            return errors.Count == 0 ? limits : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(Variable, $"is {file}, which cannot be read: {e.Message}");
            return null;
        }
    }

    private sealed partial class Warning(ILogger<Limiter> log) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            LogOff();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        [LoggerMessage(Level = LogLevel.Warning, Message = "RATE_LIMITS is off: nobody is limited, and whoever reaches this gateway may ask as often as they like")]
        private partial void LogOff();
    }
}
