namespace Argosy.Cli.Processes;

/// <summary>One fleet per data folder. The operating system lets go of the lock when its holder dies, however it dies.</summary>
internal sealed class FleetLock : IDisposable
{
    private readonly FileStream _held;
    private readonly string _pidFile;

    private FleetLock(FileStream held, string pidFile)
    {
        (_held, _pidFile) = (held, pidFile);
        File.WriteAllText(pidFile, $"{Environment.ProcessId}\n");
    }

    /// <summary>Null when another launcher holds it.</summary>
    public static FleetLock? TryTake(DataFolder data)
    {
        try
        {
            return new FleetLock(new FileStream(data.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), data.Supervisor);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The launcher that holds the lock, as far as it has written itself down.</summary>
    public static int? HolderOf(DataFolder data) =>
        File.Exists(data.Supervisor) && int.TryParse(File.ReadAllText(data.Supervisor), out var pid) ? pid : null;

    public void Dispose()
    {
        if (File.Exists(_pidFile))
        {
            File.Delete(_pidFile);
        }

        _held.Dispose();
    }
}
