using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Testing;

/// <summary>A span as it arrived.</summary>
/// <param name="Service">The resource's <c>service.name</c>.</param>
/// <param name="Scope">The source.</param>
/// <param name="TraceId">In hex.</param>
/// <param name="SpanId">In hex.</param>
/// <param name="ParentId">In hex; empty for a root.</param>
/// <param name="Name">The display name.</param>
/// <param name="Kind">1 internal, 2 server, 3 client, 4 producer, 5 consumer.</param>
/// <param name="Status">0 unset, 1 ok, 2 error.</param>
/// <param name="Tags">Attributes, as text.</param>
public sealed record ReceivedSpan(
    string Service, string Scope, string TraceId, string SpanId, string ParentId, string Name, int Kind, int Status, IReadOnlyDictionary<string, string> Tags);

/// <summary>A metric as it arrived.</summary>
/// <param name="Service">The resource's <c>service.name</c>.</param>
/// <param name="Scope">The meter.</param>
/// <param name="Name">The instrument.</param>
/// <param name="Kind"><c>gauge</c>, <c>sum</c>, <c>histogram</c>, or <c>counter</c> for a sum that only rises.</param>
public sealed record ReceivedMetric(string Service, string Scope, string Name, string Kind);

/// <summary>
/// Receives what a service exports by OTLP over HTTP, as a collector would. It reads as much of the protocol (opentelemetry-proto 1.x)
/// as tests look at, by field numbers; everything else is kept as bytes.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _requests = new();

    private OtlpReceiver(WebApplication app) => _app = app;

    /// <summary>What <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is to be.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>All spans so far.</summary>
    public IReadOnlyCollection<ReceivedSpan> Spans => _spans;

    /// <summary>Every metric that came so far, once.</summary>
    public IReadOnlySet<ReceivedMetric> Metrics => _requests.Where(request => request.Path == "/v1/metrics").SelectMany(request => MetricsOf(request.Body)).ToHashSet();

    /// <summary>Begins to listen on a free port of this machine.</summary>
    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.MapPost("/v1/{signal}", receiver.ReceiveAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Whether a signal (<c>traces</c>, <c>metrics</c>, <c>logs</c>) has said something that contains the text.</summary>
    public bool Has(string signal, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return _requests.Any(request => request.Path == $"/v1/{signal}" && request.Body.AsSpan().IndexOf(bytes) >= 0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    private async Task<IResult> ReceiveAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        _requests.Enqueue((request.Path.Value!, body.ToArray()));
        if (request.Path == "/v1/traces")
        {
            foreach (var span in SpansOf(body.ToArray()))
            {
                _spans.Enqueue(span);
            }
        }

        // An empty response message: everything was taken.
        return Results.Bytes([], "application/x-protobuf");
    }

    // ExportTraceServiceRequest → resource_spans 1 → (resource 1, scope_spans 2 → (scope 1, spans 2)).
    private static IEnumerable<ReceivedSpan> SpansOf(byte[] body) =>
        from resourceSpans in Wire.Of(body).All(1)
        let service = Tags(resourceSpans.One(1)).GetValueOrDefault("service.name", "")
        from scopeSpans in resourceSpans.All(2)
        from span in scopeSpans.All(2)
        select new ReceivedSpan(
            service, scopeSpans.One(1).Text(1), span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), (int)span.Number(6), (int)span.One(15).Number(3), Tags(span, 9));

    // ExportMetricsServiceRequest → resource_metrics 1 → (resource 1, scope_metrics 2 → (scope 1, metrics 2)).
    private static IEnumerable<ReceivedMetric> MetricsOf(byte[] body) =>
        from resourceMetrics in Wire.Of(body).All(1)
        let service = Tags(resourceMetrics.One(1)).GetValueOrDefault("service.name", "")
        from scopeMetrics in resourceMetrics.All(2)
        from metric in scopeMetrics.All(2)
        select new ReceivedMetric(service, scopeMetrics.One(1).Text(1), metric.Text(1), KindOf(metric));

    // The one of gauge 5, sum 7 (is_monotonic 3) and histogram 9 that is there.
    private static string KindOf(Wire metric) =>
        metric.Has(5) ? "gauge" : metric.Has(9) ? "histogram" : metric.Has(7) ? metric.One(7).Number(3) == 1 ? "counter" : "sum" : "";

    private static Dictionary<string, string> Tags(Wire message, int field = 1) =>
        message.All(field).DistinctBy(pair => pair.Text(1)).ToDictionary(pair => pair.Text(1), pair => pair.One(2) is var value && value.Has(1) ? value.Text(1) : $"{value.Number(3)}", StringComparer.Ordinal);

    /// <summary>A protobuf message by field numbers.</summary>
    private sealed class Wire
    {
        private readonly List<(int Field, ulong Number, ByteString Bytes)> _fields = [];

        public static Wire Of(byte[] bytes)
        {
            var message = new Wire();
            var input = new CodedInputStream(bytes);
            for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            {
                message._fields.Add(WireFormat.GetTagWireType(tag) switch
                {
                    WireFormat.WireType.Varint => (WireFormat.GetTagFieldNumber(tag), input.ReadUInt64(), ByteString.Empty),
                    WireFormat.WireType.Fixed64 => (WireFormat.GetTagFieldNumber(tag), input.ReadFixed64(), ByteString.Empty),
                    WireFormat.WireType.Fixed32 => (WireFormat.GetTagFieldNumber(tag), input.ReadFixed32(), ByteString.Empty),
                    _ => (WireFormat.GetTagFieldNumber(tag), 0, input.ReadBytes()),
                });
            }

            return message;
        }

        public bool Has(int field) => _fields.Any(one => one.Field == field);

        public IEnumerable<Wire> All(int field) => _fields.Where(one => one.Field == field).Select(one => Of(one.Bytes.ToByteArray()));

        public Wire One(int field) => All(field).FirstOrDefault() ?? new Wire();

        public string Text(int field) => Bytes(field).ToStringUtf8();

        public string Hex(int field) => Convert.ToHexStringLower(Bytes(field).Span);

        public long Number(int field) => (long)_fields.FirstOrDefault(one => one.Field == field).Number;

        private ByteString Bytes(int field) => _fields.FirstOrDefault(one => one.Field == field) is { Bytes: { } bytes } ? bytes : ByteString.Empty;
    }
}
