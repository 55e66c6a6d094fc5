using System.Net.Sockets;
using System.Text;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>Redis forgets everything, and is asked in its own words: two commands of RESP need no client.</summary>
internal sealed record RedisFlush : IFault
{
    public string Name => "redis flush";

    public IReadOnlyList<string> Touches => ["contents of redis"];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        var password = SecretFile.ReadOrCreate(Path.Combine(fleet.Data.Keys, $"{RedisEngine.Name}-argosy.txt"));
        try
        {
            using var redis = new TcpClient();
            await redis.ConnectAsync("127.0.0.1", fleet.StatusOf(RedisEngine.Name).Port, end);
            await redis.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"AUTH {password}\r\nFLUSHALL\r\nQUIT\r\n"), end);
            using var reader = new StreamReader(redis.GetStream());
            await reader.ReadToEndAsync(end);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // it is away, and has forgotten everything without us
        }
    }
}
