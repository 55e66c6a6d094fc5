using System.Globalization;

namespace Argosy.Cli.Processes;

/// <summary>
/// Which data folders of this user have a fleet that runs: a file for each launcher, named by its process, with the data folder's path in
/// it. A launcher that was killed leaves its file, and whoever lists removes it.
/// </summary>
internal sealed class FleetRegistry(string folder)
{
    /// <summary>In the user's own part of the system, where no other user can put a path.</summary>
    public static FleetRegistry OfUser() =>
        new(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "argosy", "fleets"));

    /// <summary>Writes this process down as a fleet's launcher until it is disposed of.</summary>
    public IDisposable Enter(DataFolder data)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{Environment.ProcessId}");
        File.WriteAllText(file + ".new", data.Root);
        File.Move(file + ".new", file, overwrite: true);
        return new Entry(file);
    }

    /// <summary>The folders whose launcher is there, and its process.</summary>
    public IReadOnlyList<(DataFolder Data, int Launcher)> Running()
    {
        var found = new List<(DataFolder Data, int Launcher)>();
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
        {
            if (!int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            using var launcher = Leftovers.Find(pid, File.GetLastWriteTimeUtc(file));
            if (launcher is null)
            {
                File.Delete(file);
            }
            else
            {
                found.Add((new DataFolder(File.ReadAllText(file)), pid));
            }
        }

        return [.. found.OrderBy(fleet => fleet.Data.Root, StringComparer.Ordinal)];
    }

    private sealed class Entry(string file) : IDisposable
    {
        public void Dispose() => File.Delete(file);
    }
}
