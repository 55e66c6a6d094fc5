using System.Net.Sockets;
using System.Text;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>Redis forgets everything, and is asked in its own words: two commands of RESP need no client.</summary>
internal sealed record RedisFlush : IFault
{
    private const string Done = "+OK";
    private const int Answers = 3;      // to who we are, to what we want, and to that we go

    public string What => "flush";

    public string Whom => RedisEngine.Name;

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
            var said = await reader.ReadToEndAsync(end);
            if (said.Split("\r\n").Count(line => line == Done) != Answers)
            {
                throw new InVainException($"it said {said.ReplaceLineEndings(" ").Trim()}");
            }
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new InVainException(e.Message);
        }
    }
}
