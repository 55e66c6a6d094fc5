namespace Argosy.Cli.Processes;

/// <summary>Everything that the supervisor needs to know of one process.</summary>
/// <param name="Name">As in the catalogue.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Port">Where it listens on 127.0.0.1.</param>
/// <param name="Folder">Its data and its working directory.</param>
/// <param name="Environment">Added to the launcher's own; null takes a variable away.</param>
internal sealed record ProcessPlan(
    string Name,
    IReadOnlyList<string> Command,
    int Port,
    string Folder,
    IReadOnlyDictionary<string, string?> Environment)
{
    /// <summary>A server that the others stand on: it starts before them and ends after them.</summary>
    public bool IsEngine { get; init; }

    /// <summary>Where it is asked whether it is ready; of an engine, whether it takes connections.</summary>
    public string Url => $"{(IsEngine ? "tcp" : "http")}://127.0.0.1:{Port}";

    /// <summary>Stages stop in ascending order: first the door, then those behind it, then the world that they still talk to, last what they stand on.</summary>
    public int StopStage => IsEngine ? 3 : Name switch { Catalog.Gateway => 0, Catalog.Provider => 2, _ => 1 };
}
