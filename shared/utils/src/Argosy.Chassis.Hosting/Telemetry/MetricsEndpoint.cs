using System.IO.Compression;
using System.Text;
using Argosy.Chassis.Telemetry.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Answers a scrape. One at a time collects, and whoever asks within a moment gets the same: a misconfigured fleet of scrapers costs
/// no more than one.
/// </summary>
internal sealed class MetricsEndpoint(MetricCollector collector, ServiceOptions options, TimeProvider time, IEnumerable<IScrapeReading> readings) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(300);

    private readonly SemaphoreSlim _single = new(1, 1);
    private readonly IReadOnlyList<IScrapeReading> _readings = [.. readings];
    private readonly MetricLabel[] _target = [new("service_name", options.Name), new("service_namespace", "argosy"), new("service_version", options.Version)];
    private IReadOnlyList<MetricSnapshot>? _collected;
    private long _collectedAt;

    public async Task AnswerAsync(HttpContext context)
    {
        var families = await CollectAsync(context.RequestAborted);
        var (openMetrics, type) = Negotiate(context.Request.GetTypedHeaders().Accept);
        var response = context.Response;
        response.ContentType = type;
        response.Headers.Vary = "Accept, Accept-Encoding";
        var zipped = context.Request.GetTypedHeaders().AcceptEncoding.Any(encoding => encoding.Value == "gzip" && encoding.Quality is null or > 0);
        if (zipped)
        {
            response.Headers.ContentEncoding = "gzip";
        }

        using var body = Render(families, openMetrics, zipped);
        response.ContentLength = body.Length;
        await body.CopyToAsync(response.Body, context.RequestAborted);
    }

    public void Dispose() => _single.Dispose();

    /// <summary>
    /// OpenMetrics where it is wanted more than text; text for everybody else, whatever they ask for (Prometheus's own rule). Who asks
    /// for an escaping is told which one our names need: none but underscores.
    /// </summary>
    internal static (bool OpenMetrics, string ContentType) Negotiate(IList<MediaTypeHeaderValue> accepted)
    {
        MediaTypeHeaderValue? open = null;
        double? text = null;
        foreach (var accept in accepted)
        {
            var quality = accept.Quality ?? 1;
            if (accept.MediaType == "application/openmetrics-text" && Parameter(accept, "version") is null or "1.0.0" && quality > (open?.Quality ?? (open is null ? 0 : 1)))
            {
                open = accept;
            }
            else if (accept.MediaType == "text/plain" && !(quality <= text))
            {
                text = quality;
            }
        }

        if (open is null || (open.Quality ?? 1) < (text ?? 0))
        {
            return (false, PrometheusText.ContentType);
        }

        return (true, PrometheusText.OpenMetricsContentType + (Parameter(open, "escaping") is null ? "" : "; escaping=underscores"));
    }

    private static string? Parameter(MediaTypeHeaderValue value, string name) => value.Parameters.FirstOrDefault(parameter => parameter.Name == name)?.Value.Value;

    private async Task<IReadOnlyList<MetricSnapshot>> CollectAsync(CancellationToken cancellation)
    {
        await _single.WaitAsync(cancellation);
        try
        {
            if (_collected is null || time.GetElapsedTime(_collectedAt) > Fresh)
            {
                await Task.WhenAll(_readings.Select(reading => reading.RefreshAsync(cancellation)));
                _collected = collector.Collect();
                _collectedAt = time.GetTimestamp();
            }

            return _collected;
        }
        finally
        {
            _single.Release();
        }
    }

    private MemoryStream Render(IReadOnlyList<MetricSnapshot> families, bool openMetrics, bool zipped)
    {
        var body = new MemoryStream();
        using (var packed = zipped ? new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true) : null)
        using (var text = new StreamWriter(packed ?? (Stream)body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 8192, leaveOpen: true))
        {
            new PrometheusText(text, openMetrics).Write(_target, families);
        }

        body.Position = 0;
        return body;
    }
}

/// <summary>Something that has to be read before gauges can be observed.</summary>
internal interface IScrapeReading
{
    /// <summary>Reads anew what is no longer fresh; returns in time whatever happens, and never throws but for cancellation.</summary>
    Task RefreshAsync(CancellationToken cancellation);
}
