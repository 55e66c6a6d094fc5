using System.Text.Json;

namespace Argosy.Cli.Processes;

/// <summary>What <c>DIR/state.json</c> says: who runs, and where.</summary>
internal sealed record FleetState(string Gateway, IReadOnlyList<ProcessEntry> Processes)
{
    public string? UrlOf(string process) => Processes.FirstOrDefault(p => p.Name == process)?.Url;
}

/// <param name="Name">As in the catalogue.</param>
/// <param name="Pid">Null between a crash and the restart: no number is better than one that may be somebody else's by now.</param>
/// <param name="Port">Stays the same over restarts.</param>
/// <param name="Url">Without a slash at its end.</param>
internal sealed record ProcessEntry(string Name, int? Pid, int Port, string Url);

/// <summary>Always current, always whole: replaced by renaming, removed when the fleet has stopped.</summary>
internal sealed class StateFile(string path)
{
    private readonly Lock _writing = new();

    public string Path { get; } = path;

    public void Write(Func<FleetState> current)
    {
        // Read under the lock, or a slow writer could put an older state over a newer one.
        lock (_writing)
        {
            var draft = Path + ".new";
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(current(), CliJson.Readable.FleetState));
            File.Move(draft, Path, overwrite: true);
        }
    }

    public FleetState? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path), CliJson.Default.FleetState);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new Refusal($"{Path} can't be read ({e.Message}); stop what runs with ./argosy down, then remove the file");
        }
    }

    public void Remove()
    {
        lock (_writing)
        {
            File.Delete(Path);
        }
    }
}
