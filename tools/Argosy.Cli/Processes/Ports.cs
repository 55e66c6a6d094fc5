using System.Net;
using System.Net.Sockets;

namespace Argosy.Cli.Processes;

/// <summary>Which process listens where, settled before anything starts.</summary>
internal static class Ports
{
    // Below every system's range for outgoing connections: a port from that range could be lost to somebody's connection while its
    // process restarts, and a client that retries a dead one can even connect to itself.
    private const int FirstFree = 10_240;
    private const int EndOfFree = 32_768;
    private const int Attempts = 1_000;

    /// <summary>The usual one for the first instance of each service, a free one for every other.</summary>
    public static IReadOnlyDictionary<string, int> Usual(IReadOnlyList<ServiceInstance> instances)
    {
        var others = Free(instances.Where(instance => instance.Number > 1).Select(instance => instance.Name));
        return instances.ToDictionary(instance => instance.Name, instance => others.GetValueOrDefault(instance.Name, instance.Entry.Port), StringComparer.Ordinal);
    }

    /// <summary>A free port each.</summary>
    public static IReadOnlyDictionary<string, int> Free(IEnumerable<string> names)
    {
        var ports = new Dictionary<string, int>(StringComparer.Ordinal);
        var seen = new HashSet<int>();
        foreach (var name in names)
        {
            ports[name] = NextFree(seen);
        }

        return ports;
    }

    /// <summary>Throws one sentence that names every taken port, whose it should be, and who has it.</summary>
    public static void EnsureFree(IEnumerable<ProcessPlan> plans)
    {
        var taken = plans.Where(p => !IsFree(p.Port)).Select(p => $"port {p.Port} ({p.Name}) is taken by {PortOwner.Describe(p.Port)}").ToList();
        if (taken.Count > 0)
        {
            throw new Refusal(string.Join(", ", taken) + "; stop that, or take free ports with ./argosy up --isolated");
        }
    }

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }

    private static int NextFree(HashSet<int> seen)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = Random.Shared.Next(FirstFree, EndOfFree);
            if (seen.Add(port) && IsFree(port))
            {
                return port;
            }
        }

        throw new Refusal($"no free port found between {FirstFree} and {EndOfFree} in {Attempts} attempts");
    }
}
