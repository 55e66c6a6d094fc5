using System.Diagnostics;
using System.Text.Json.Serialization;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

[JsonConverter(typeof(JsonStringEnumConverter<CheckLevel>))]
internal enum CheckLevel
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, and somebody should know.</summary>
    Warning,

    /// <summary><c>up</c>, or what runs, can't work like this.</summary>
    Bad,
}

/// <param name="Name">What was looked at.</param>
/// <param name="Level">How it is.</param>
/// <param name="Finding">What was found, and what to do unless it is good.</param>
internal sealed record Check(string Name, CheckLevel Level, string Finding);

/// <summary>Looks at everything that a fleet of this folder needs from the machine, and changes nothing.</summary>
internal sealed class Checkup(Repository repository, DataFolder data)
{
    private const long Gibibyte = 1L << 30;
    private const int Syncs = 20;
    private static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(20);
    private static readonly string[] TestTools = ["curl", "nginx", "promtool"];

    public async Task<IReadOnlyList<Check>> RunAsync(CancellationToken ct)
    {
        var catalog = Catalog.Read(repository);
        var reply = await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Status), ct);
        return
        [
            new Check("runtime", CheckLevel.Good, $".NET {Environment.Version}, {Environment.ProcessorCount} processors"),
            Built(catalog),
            reply is null ? Ports(catalog) : new Check("ports", CheckLevel.Good, "held by the fleet that runs"),
            Folder(),
            Disk(),
            await SyncAsync(ct),
            Memory(),
            await FleetAsync(reply, ct),
            Tools(),
        ];
    }

    private Check Built(IReadOnlyList<CatalogEntry> catalog)
    {
        var missing = catalog.Where(e => !File.Exists(repository.Assembly(e.Project))).Select(e => e.Name).ToList();
        return missing.Count == 0
            ? new Check("build", CheckLevel.Good, $"{catalog.Count} processes")
            : new Check("build", CheckLevel.Warning, $"{string.Join(", ", missing)} not built yet; ./argosy up does it");
    }

    private static Check Ports(IReadOnlyList<CatalogEntry> catalog)
    {
        var taken = catalog.Where(e => !PortBlock.IsFree(e.Port)).Select(e => $"{e.Port} ({e.Name}) by {PortOwner.Describe(e.Port)}").ToList();
        return taken.Count == 0
            ? new Check("ports", CheckLevel.Good, $"{catalog.Count} free")
            : new Check("ports", CheckLevel.Bad, $"taken: {string.Join(", ", taken)}; stop that, or take free ports with ./argosy up --isolated");
    }

    private Check Folder()
    {
        if (!Directory.Exists(data.Root))
        {
            return new Check("data", CheckLevel.Good, $"{data.Root} is made by the first start");
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(data.Root) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != UnixFileMode.None)
        {
            return new Check("data", CheckLevel.Warning, $"{data.Root} can be read by others, and holds keys and customers' data; chmod 700 it");
        }

        return new Check("data", CheckLevel.Good, data.Root);
    }

    private Check Disk()
    {
        var drive = new DriveInfo(Existing().FullName);
        var (free, text) = (drive.AvailableFreeSpace, $"{drive.AvailableFreeSpace / (double)Gibibyte:0.0} GiB free");
        return free >= Gibibyte ? new Check("disk", CheckLevel.Good, text) : new Check("disk", CheckLevel.Warning, $"{text}; logs alone may take 0.5 GiB");
    }

    // Every commit waits for the disk; how long, decides how fast an order can be.
    private async Task<Check> SyncAsync(CancellationToken ct)
    {
        var path = Path.Combine(Existing().FullName, $".argosy-doctor-{Environment.ProcessId}");
        try
        {
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < Syncs; i++)
            {
                await file.WriteAsync(new byte[4096], ct);
                file.Flush(flushToDisk: true);
            }

            var each = clock.Elapsed / Syncs;
            var text = $"{each.TotalMilliseconds:0.0} ms to write 4 KiB durably";
            return each <= SlowSync ? new Check("fsync", CheckLevel.Good, text) : new Check("fsync", CheckLevel.Warning, $"{text}: orders will be slow; a local disk would help");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Check("fsync", CheckLevel.Bad, $"{Existing().FullName} can't be written: {e.Message}; name another folder with --data DIR");
        }
    }

    private static Check Memory()
    {
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var text = $"{available / (double)Gibibyte:0.0} GiB";
        return available >= Gibibyte ? new Check("memory", CheckLevel.Good, text) : new Check("memory", CheckLevel.Warning, $"{text}; nine processes take 0.6 GiB");
    }

    private static async Task<Check> FleetAsync(ControlReply? reply, CancellationToken ct)
    {
        if (reply is null)
        {
            return new Check("fleet", CheckLevel.Good, "none runs in this folder");
        }

        using var readiness = new Readiness();
        var answers = await Task.WhenAll(reply.Processes.Select(async p => (p.Name, p.Restarts, p.LastExit, Ready: await readiness.AskAsync(p.Url, ct) == System.Net.HttpStatusCode.OK)));
        var away = answers.Where(a => !a.Ready).Select(a => a.Name).ToList();
        var crashed = answers.Where(a => a.Restarts > 0).Select(a => $"{a.Name} {a.Restarts}× (it {a.LastExit})").ToList();
        return away.Count > 0 ? new Check("fleet", CheckLevel.Bad, $"not ready: {string.Join(", ", away)}; see ./argosy logs {away[0]}")
            : crashed.Count > 0 ? new Check("fleet", CheckLevel.Warning, $"all ready, after restarts: {string.Join(", ", crashed)}")
            : new Check("fleet", CheckLevel.Good, $"{answers.Length} processes ready");
    }

    private static Check Tools()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").ToList();
        var missing = TestTools.Where(t => !folders.Any(f => File.Exists(Path.Combine(f, t)) || File.Exists(Path.Combine(f, t + ".exe")))).ToList();
        return missing.Count == 0
            ? new Check("tools", CheckLevel.Good, string.Join(", ", TestTools))
            : new Check("tools", CheckLevel.Warning, $"without {string.Join(", ", missing)}: only ./argosy test and bench use that");
    }

    private DirectoryInfo Existing()
    {
        var folder = new DirectoryInfo(data.Root);
        while (!folder.Exists && folder.Parent is { } parent)
        {
            folder = parent;
        }

        return folder;
    }
}
