using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>A server that services stand on instead of what they have embedded: found on this machine, started and ended with the fleet.</summary>
internal interface IEngine
{
    /// <summary>What it is called on the screen.</summary>
    string Title { get; }

    /// <summary>How it is started.</summary>
    ProcessPlan Plan { get; }

    /// <summary>Before the first start and before every other: its folder, its configuration.</summary>
    Task PrepareAsync(CancellationToken ct);

    /// <summary>Once it listens: what the services need in it, made where it is missing.</summary>
    Task ProvisionAsync(CancellationToken ct);

    /// <summary>What a service is told of it.</summary>
    void Tell(string service, Dictionary<string, string?> environment);
}
