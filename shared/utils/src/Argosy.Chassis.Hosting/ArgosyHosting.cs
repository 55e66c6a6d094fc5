using Argosy.Chassis.Hosting.OpenApi;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting;

/// <summary>The three calls that make a process one of Argosy's.</summary>
public static class ArgosyHosting
{
    // Less than the launcher's and Kubernetes' patience, so that it is us who end the process, with everything flushed.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(8);

    /// <summary>
    /// A process with options, logs, limits, problem details, deadlines, resilient calls and health, and without a store: the gateway
    /// is one. Wrong configuration is noted here and stops <see cref="RunArgosyAsync"/>. With the argument <c>--health</c> the program
    /// asks the process that runs already instead, and ends here with 0 or 1.
    /// </summary>
    public static ArgosyBuilder AddArgosyProcess(this WebApplicationBuilder builder, string name)
    {
        HealthProbe.AnswerIfAsked(builder.Configuration);
        var argosy = new ArgosyBuilder(builder, name);
        var services = builder.Services;

        builder.Logging.AddLogs(argosy.Settings, name);
        OtlpExport.AddWhereWanted(builder, argosy.Settings, argosy.Options);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            ServerLimits.Apply(kestrel);
            kestrel.Listen(argosy.Options.Host, argosy.Options.Port, argosy.Listening);
            if (argosy.Options.MetricsPort is { } metrics)
            {
                kestrel.Listen(argosy.Options.Host, metrics);
            }
        });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json => StrictJson.Apply(json.SerializerOptions));

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(argosy.Settings);
        services.AddSingleton(argosy.Options);
        services.AddSingleton<Gate>();
        services.AddSingleton<Lateness>();
        services.AddBreakers();
        services.AddHostedService<InstanceProbe>();
        services.AddArgosyMetrics();
        services.AddHealthChecks();
        services.AddContract();
        services.AddSingleton<ProcessLifetime>();
        services.AddSingleton<IHostLifetime>(provider => provider.GetRequiredService<ProcessLifetime>());
        return argosy;
    }

    /// <summary>A service: a process with identity, a store and the bus.</summary>
    public static ArgosyBuilder AddArgosy(this WebApplicationBuilder builder, string name)
    {
        var argosy = builder.AddArgosyProcess(name);
        argosy.AddService();
        return argosy;
    }

    /// <summary>The pipeline, outermost first, and the endpoints that every process has.</summary>
    public static WebApplication MapArgosy(this WebApplication app)
    {
        app.Lifetime.ApplicationStopped.Register(ArgosySources.Listen().Dispose);
        app.UseMiddleware<RequestTrail>();
        app.UseMiddleware<ProblemPipeline>();
        app.UseRouting();
        app.UseMiddleware<DeadlineMiddleware>();
        app.UseMiddleware<SheddingMiddleware>();
        app.MapHealth();
        app.MapMetrics();
        app.MapContract();
        app.MapService();
        return app;
    }

    /// <summary>Runs until told to stop. Wrong configuration: one line for each error on standard error, and exit code 78.</summary>
    public static Task RunArgosyAsync(this WebApplication app) => Run.UntilStoppedAsync(app);
}
