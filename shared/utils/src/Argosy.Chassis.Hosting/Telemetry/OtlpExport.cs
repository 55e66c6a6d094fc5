using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Traces, metrics and logs by OTLP, when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to. Without it nothing of OpenTelemetry is
/// loaded. Its SDK reads the other <c>OTEL_*</c> variables itself: sampler, batches, intervals, headers, resource attributes.
/// </summary>
internal static class OtlpExport
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    // Of the sources that the framework has: requests, and calls.
    private static readonly string[] Sources = ["Argosy", "Argosy.*", "Microsoft.AspNetCore", "System.Net.Http"];

    // Names no type of OpenTelemetry: what a method names is loaded with it.
    public static void AddWhereWanted(WebApplicationBuilder builder, Settings settings, ServiceOptions options)
    {
        var isGrpc = settings.Word(Protocol, "http/protobuf", "grpc") == "grpc";
        var isOff = settings.Word("OTEL_SDK_DISABLED", "false", "true") == "true";
        if (settings.Address(Endpoint) is not null && !isOff)
        {
            Add(builder, settings, options, isGrpc);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add(WebApplicationBuilder builder, Settings settings, ServiceOptions options, bool isGrpc)
    {
        var protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        var resource = Describe(options);
        if (IsWanted(settings, "TRACES"))
        {
            // .NET 10 leaves server spans bare unless told otherwise; read when the server starts.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Sources)
                .AddProcessor(new WithoutClientsWords())
                .AddOtlpExporter(otlp => Configure(otlp, protocol)).Build());
            builder.Services.AddHostedService<Started<TracerProvider>>();
        }

        if (IsWanted(settings, "METRICS"))
        {
            builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
                .AddMeter("Argosy", "Argosy.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime")
                .AddThreadPool()
                .SetExemplarFilter(ExemplarFilterType.TraceBased)
                .AddOtlpExporter(otlp => Configure(otlp, protocol)).Build());
            builder.Services.AddHostedService<Started<MeterProvider>>();
        }

        if (IsWanted(settings, "LOGS"))
        {
            builder.Logging.AddOpenTelemetry(logs => logs.SetResourceBuilder(resource).AddOtlpExporter(otlp => Configure(otlp, protocol)));
        }
    }

    private static bool IsWanted(Settings settings, string signal) => settings.Word($"OTEL_{signal}_EXPORTER", "otlp", "none") == "otlp";

    // What the environment says of the resource wins over what we know.
    private static ResourceBuilder Describe(ServiceOptions options) => ResourceBuilder.CreateEmpty()
        .AddService(options.Name, "argosy", options.Version, autoGenerateServiceInstanceId: true)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    private static void Configure(OtlpExporterOptions otlp, OtlpExportProtocol protocol)
    {
        otlp.Protocol = protocol;
        if (protocol == OtlpExportProtocol.HttpProtobuf)
        {
            // Exporting must not show up in what is exported: no spans of its own, and its calls are counted under a name that nobody listens to.
            otlp.HttpClientFactory = () => new HttpClient(
                new SocketsHttpHandler { MeterFactory = new Unheard(), ActivityHeadersPropagator = null, UseCookies = false, AllowAutoRedirect = false })
            {
                Timeout = TimeSpan.FromMilliseconds(otlp.TimeoutMilliseconds),
            };
        }
    }

    /// <summary>Builds the provider before anything else starts; the container ends it, which flushes.</summary>
    private sealed class Started<T>(T provider) : IHostedLifecycleService where T : class
    {
        private readonly T _provider = provider;

        public Task StartingAsync(CancellationToken cancellationToken) => Task.FromResult(_provider);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Unheard : IMeterFactory
    {
        private readonly Meter _meter = new("OtlpExport.Http");

        public Meter Create(MeterOptions options) => _meter;

        public void Dispose() => _meter.Dispose();
    }
}
