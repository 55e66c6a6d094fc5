using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Argosy.Cli.Tests;

/// <summary>The smallest process that a launcher can supervise: it is alive, it gets ready, it ends when its input ends.</summary>
internal static class TinyProcess
{
    public static async Task<int> RunAsync()
    {
        Console.WriteLine($$"""{"timestamp":"2026-01-01T00:00:00Z","level":"info","category":"Argosy.Tiny","message":"{{Setting("SERVICE_NAME")}} begins"}""");
        if (Setting("TINY_EXIT") is { } code)
        {
            await Console.Error.WriteLineAsync(Setting("TINY_LAST_WORDS") ?? "its last words");
            return int.Parse(code);
        }

        var ended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            if (Setting("TINY_DEAF") is null)
            {
                ended.TrySetResult(0);
            }
        });
        _ = EndWithInputAsync(ended);
        return await await Task.WhenAny(ended.Task, ServeAsync());
    }

    private static async Task<int> ServeAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, int.Parse(Setting("SERVICE_PORT")!));
        listener.Start();
        while (true)
        {
            _ = AnswerAsync(await listener.AcceptTcpClientAsync());
        }
    }

    // Whatever is asked, until whoever asks has gone.
    private static async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            var status = Setting("TINY_UNREADY") is null ? "200 OK" : "503 Service Unavailable";
            var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            try
            {
                while (await reader.ReadLineAsync() is { } line)
                {
                    if (line.Length == 0)
                    {
                        await client.GetStream().WriteAsync(answer);
                    }
                }
            }
            catch (IOException)
            {
                // It went in the middle of it.
            }
        }
    }

    private static async Task EndWithInputAsync(TaskCompletionSource<int> ended)
    {
        await using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[16]) > 0)
        {
        }

        if (Setting("TINY_DEAF") is null)
        {
            ended.TrySetResult(0);
        }
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name);
}
