using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Argosy.PaymentProvider;

/// <summary>
/// Counts requests under the names that every process of the platform has, and shows them as Prometheus's text format 0.0.4. Labels are
/// routes of ours, methods of HTTP and statuses: their number is bounded, and nothing in them needs an escape.
/// </summary>
internal sealed class Metrics
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private const string NoRoute = "(no route)";
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly SortedDictionary<(string Endpoint, string Method, int Status), long> _requests = [];
    private readonly SortedDictionary<(string Endpoint, string Method), Histogram> _durations = [];
    private readonly Lock _gate = new();
    private long _connections;

    /// <summary>The outermost middleware.</summary>
    public async Task MeasureAsync(HttpContext http, RequestDelegate next)
    {
        var began = Stopwatch.GetTimestamp();
        var status = StatusCodes.Status500InternalServerError; // what the server answers to whatever escapes
        try
        {
            await next(http);
            status = http.Response.StatusCode;
        }
        finally
        {
            Count(http, status, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
    }

    /// <summary>Around every connection.</summary>
    public ConnectionDelegate Count(ConnectionDelegate next) => async connection =>
    {
        Interlocked.Increment(ref _connections);
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    };

    public IResult Show() => Results.Text(Text(), ContentType, Encoding.UTF8);

    private void Count(HttpContext http, int status, double seconds)
    {
        var endpoint = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? NoRoute;
        var method = http.Request.Method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" ? http.Request.Method : "_OTHER";
        lock (_gate)
        {
            _requests[(endpoint, method, status)] = _requests.GetValueOrDefault((endpoint, method, status)) + 1;
            if (!_durations.TryGetValue((endpoint, method), out var durations))
            {
                _durations[(endpoint, method)] = durations = new Histogram(new long[Bounds.Length + 1]);
            }

            durations.Record(seconds);
        }
    }

    private string Text()
    {
        var text = new StringBuilder();
        Family("target_info", "gauge", "Which program this is.", "{service_name=\"payment-provider\",service_namespace=\"argosy\"} 1");
        Family("dotnet_process_memory_working_set_bytes", "gauge", "Memory of this process.", $" {Environment.WorkingSet}");
        Family("service_active_connections", "gauge", "Connections that are open now.", $" {Interlocked.Read(ref _connections)}");
        lock (_gate)
        {
            Family("service_requests_total", "counter", "Requests answered, by status; 499 is a caller who left, or was left without an answer.",
                [.. _requests.Select(one => $"{{endpoint=\"{one.Key.Endpoint}\",method=\"{one.Key.Method}\",status=\"{one.Key.Status}\"}} {one.Value}")]);
            Family("service_request_duration_seconds", "histogram", "From a request's arrival to the end of its answer.",
                [.. _durations.SelectMany(one => one.Value.Samples($"endpoint=\"{one.Key.Endpoint}\",method=\"{one.Key.Method}\""))]);
        }

        return text.ToString();

        void Family(string name, string type, string help, params string[] samples)
        {
            text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach (var sample in samples)
            {
                text.Append($"{name}{sample}\n");
            }
        }
    }

    private sealed class Histogram(long[] counts)
    {
        private double _sum;

        public void Record(double seconds)
        {
            var at = Array.BinarySearch(Bounds, seconds);
            counts[at < 0 ? ~at : at]++;
            _sum += seconds;
        }

        public IEnumerable<string> Samples(string labels)
        {
            var below = 0L;
            for (var i = 0; i < counts.Length; i++)
            {
                below += counts[i];
                var bound = i < Bounds.Length ? Bounds[i].ToString("0.0##", CultureInfo.InvariantCulture) : "+Inf";
                yield return $"_bucket{{{labels},le=\"{bound}\"}} {below}";
            }

            yield return $"_sum{{{labels}}} {_sum.ToString("R", CultureInfo.InvariantCulture)}";
            yield return $"_count{{{labels}}} {below}";
        }
    }
}
