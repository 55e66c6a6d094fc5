namespace Argosy.Cli.Processes;

/// <summary>The folder of one fleet: everything that it keeps, and everything that the verbs know of it.</summary>
internal sealed record DataFolder(string Root)
{
    private const int KeptHistories = 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>What a verb needs to find it again: nothing for the usual one.</summary>
    public string Option => Path.GetFileName(Root) == Repository.DataFolderName ? "" : $" --data {Root}";

    public string State => Path.Combine(Root, "state.json");

    public string Lock => Path.Combine(Root, "lock");

    public string Supervisor => Path.Combine(Root, "supervisor.pid");

    public string Engines => Path.Combine(Root, "engines");

    /// <summary>Where services' databases are that lie on a server; there only while they do.</summary>
    public string Databases => Path.Combine(Keys, "databases.json");

    public string Keys => Path.Combine(Root, "keys");

    /// <summary>What demo, bench and tests send with their requests, so that the gateway counts them as a client of their own.</summary>
    public string ClientKey => Path.Combine(Keys, "demo-client-key.txt");

    public string Accounts => Path.Combine(Root, "accounts");

    public string Logs => Path.Combine(Root, "logs");

    /// <summary>What clients were told, a file for each run of the demo.</summary>
    public string Histories => Path.Combine(Root, "demo");

    public string LauncherLog => LogOf("argosy");

    public string AdminPassword => Path.Combine(Of("auth-service"), "admin-password");

    public string Of(string process) => Path.Combine(Root, "services", process);

    public string LogOf(string process) => Path.Combine(Logs, process + ".log");

    /// <summary>Relative to where the command was given; without one, <c>.argosy</c> beside the sources.</summary>
    public static DataFolder At(string? path, Repository repository) =>
        new(path is null ? Path.Combine(repository.Root, Repository.DataFolderName) : Path.GetFullPath(path));

    /// <summary>Keys, passwords and customers' data lie here, so nobody else may look in.</summary>
    public void Create()
    {
        foreach (var folder in new[] { Root, Keys, Accounts, Logs })
        {
            CreatePrivate(folder);
        }
    }

    /// <summary>Where a run writes its history; the oldest make room.</summary>
    public string NewHistory(string run)
    {
        CreatePrivate(Histories);
        foreach (var old in new DirectoryInfo(Histories).GetFiles("*.jsonl").OrderByDescending(file => file.LastWriteTimeUtc).Skip(KeptHistories - 1))
        {
            old.Delete();
        }

        return Path.Combine(Histories, $"{run}.jsonl");
    }

    public static void CreatePrivate(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Refusal($"the data folder {folder} can't be created: {e.Message}; name another one with --data DIR");
        }
    }
}
