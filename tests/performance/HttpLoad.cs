using System.Diagnostics;
using System.Text;

namespace Argosy.Performance;

/// <summary>As many GETs as are answered, over kept-alive HTTP/1.1 connections.</summary>
internal static class HttpLoad
{
    /// <summary>Answers per second. Throws <see cref="IOException"/> on any answer but 200.</summary>
    public static async Task<double> RunAsync(Uri address, string path, string headers, int connections, TimeSpan duration, CancellationToken cancellation)
    {
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{headers}\r\n");
        var clock = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => OneAsync(address, request, clock, duration, cancellation), cancellation)));
        return answers.Sum() / clock.Elapsed.TotalSeconds;
    }

    private static async Task<int> OneAsync(Uri address, byte[] request, Stopwatch clock, TimeSpan duration, CancellationToken cancellation)
    {
        using var connection = await ThinConnection.OpenAsync(address, cancellation);
        var count = 0;
        for (; clock.Elapsed < duration; count++)
        {
            if (await connection.AskAsync(request, cancellation) is not 200 and var status)
            {
                throw new IOException($"The answer is {status}.");
            }
        }

        return count;
    }
}
