using System.Diagnostics;
using System.Globalization;
using System.Net;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Performance;

/// <summary>
/// The yardstick for a start: as many processes as a fleet has, with nothing in them but a web server that answers. What they take is
/// the machine's and the runtime's share, on this machine and in this minute.
/// </summary>
internal static class EmptyProcesses
{
    private const int Count = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Starts them together; from the first start to the last answer.</summary>
    public static async Task<TimeSpan> StartAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        var ports = Enumerable.Range(0, Count).Select(_ => ServiceProcess.FreePort()).ToArray();
        var clock = Stopwatch.StartNew();
        var processes = ports.Select(Start).ToArray();
        try
        {
            using var http = new HttpClient();
            await Task.WhenAll(ports.Select(port => AnswersAsync(http, port, limit.Token)));
            return clock.Elapsed;
        }
        finally
        {
            foreach (var process in processes)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
                process.Dispose();
            }
        }
    }

    /// <summary>What each of them is.</summary>
    public static async Task RunAsync(int port, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.MapGet("/", () => "");
        await app.RunAsync(cancellation);
    }

    private static Process Start(int port)
    {
        string[] arguments = [typeof(EmptyProcesses).Assembly.Location, "--empty", port.ToString(CultureInfo.InvariantCulture)];
        return Process.Start(new ProcessStartInfo("dotnet", arguments) { UseShellExecute = false })!;
    }

    private static async Task AnswersAsync(HttpClient http, int port, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}"), cancellation);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(10, cancellation);
            }
        }
    }
}
