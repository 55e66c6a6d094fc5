using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>What an engine works with: where its data lies, who uses it, which passwords they have.</summary>
/// <param name="Data">The fleet's data folder.</param>
/// <param name="Services">Those that have something of their own in it.</param>
/// <param name="Port">Gives a port that is free, for a name.</param>
internal sealed record EngineFolder(DataFolder Data, IReadOnlyList<string> Services, Func<string, int> Port)
{
    public string Of(string engine) => Path.Combine(Data.Engines, engine);

    /// <summary>Made once, kept in the fleet's keys.</summary>
    public string PasswordOf(string engine, string user) => SecretFile.ReadOrCreate(Path.Combine(Data.Keys, $"{engine}-{user}.txt"));
}
