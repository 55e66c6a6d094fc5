using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// <c>--health</c>: the program asks the one that runs beside it, in the same container, for <c>/health</c>, and ends with 0 where that is
/// alive and with 1 where it is not. The images have no shell and no curl that could. It runs every few seconds beside each service, so
/// it comes before anything is built, and speaks HTTP by itself.
/// </summary>
internal static class HealthProbe
{
    public const string Argument = "--health";

    private const int Alive = 0;
    private const int NotAlive = 1;
    private const string DefaultPort = "8080";
    private const int Patience = 2_000;

    /// <summary>Ends the process if it was started for this.</summary>
    public static void AnswerIfAsked(IConfiguration environment)
    {
        if (Environment.GetCommandLineArgs().Contains(Argument, StringComparer.Ordinal))
        {
            Environment.Exit(IsAlive(environment["SERVICE_PORT"] ?? DefaultPort) ? Alive : NotAlive);
        }
    }

    private static bool IsAlive(string port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendTimeout = Patience, ReceiveTimeout = Patience };
            socket.Connect(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
            socket.Send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
            var answer = new byte["HTTP/1.1 200".Length];
            for (var read = 0; read < answer.Length;)
            {
                var more = socket.Receive(answer.AsSpan(read));
                if (more == 0)
                {
                    return false;
                }

                read += more;
            }

            return Encoding.ASCII.GetString(answer) == "HTTP/1.1 200";
        }
        catch (Exception e) when (e is SocketException or FormatException or OverflowException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }
}
