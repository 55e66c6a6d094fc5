using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Argosy.Testing;

namespace Argosy.Performance;

/// <summary>PostgreSQL's own load generator: each client inserts one row and commits it, as fast as it is answered, prepared.</summary>
internal sealed partial class Pgbench
{
    private const string Database = "bench";
    private readonly string _program;
    private readonly PostgresServer _server;

    private Pgbench(string program, PostgresServer server) => (_program, _server) = (program, server);

    /// <summary>Beside the server's other programs or on the PATH; null where it isn't installed.</summary>
    public static string? Find(string programs) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Prepend(programs)
        .Select(folder => Path.Combine(folder, "pgbench")).FirstOrDefault(File.Exists);

    /// <summary>With a table to write to, in a database that is there.</summary>
    public static async Task<Pgbench> PrepareAsync(string program, PostgresServer server)
    {
        await server.ExecuteAsync("create table plain (id bigint generated always as identity primary key, data text not null)", Database);
        return new Pgbench(program, server);
    }

    /// <summary>Inserts per second, without the time that connecting takes.</summary>
    public async Task<double> InsertsAsync(int clients, TimeSpan duration, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, (int)duration.TotalSeconds);
        string[] arguments =
        [
            "-h", "127.0.0.1", "-p", Text(_server.Port), "-U", "postgres", "-n", "-M", "prepared",
            "-c", Text(clients), "-j", "2", "-T", Text(seconds), "-f", "-", Database,
        ];
        using var process = Process.Start(new ProcessStartInfo(_program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteLineAsync($"insert into plain (data) values ('{Appends.Data}');");
        process.StandardInput.Close();
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        await process.WaitForExitAsync(cancellation);
        return Rate().Match(said[0]) is { Success: true } rate
            ? double.Parse(rate.Groups["rate"].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench ended with {process.ExitCode}:\n{said[0]}{said[1]}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^tps = (?<rate>[0-9.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();
}
