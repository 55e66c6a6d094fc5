using System.Diagnostics;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Backup;

/// <summary>
/// Takes a backup of a fleet that runs. The protocol:
/// <list type="number">
/// <item>The heads of the audit trails are copied first: they may be behind the databases, and never ahead.</item>
/// <item>Every service stops committing and takes a snapshot. From the moment at which the last one has, nobody commits anything: that is
/// the cut. A service that hears nothing more goes on by itself after 5 s, so a backup that dies holds up nobody.</item>
/// <item>Every service is told to go on. If one says that it had gone on before, the cut is none: give up.</item>
/// <item>The snapshots are copied into files, beside everything that goes on; then keys, passwords and whatever else the services keep.</item>
/// <item>The manifest, with the checksum of each file, is written last.</item>
/// </list>
/// </summary>
internal sealed class Taking(Desk desk, DataFolder data, TimeProvider time)
{
    private const string AuditHead = "audit-head";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CopyWithin = TimeSpan.FromHours(1);

    // What belongs to a process and not to what it keeps.
    private static readonly string[] Passing = [".db", ".db-wal", ".db-shm", ".lock", ".new"];

    /// <summary>Writes the backup into an empty folder; returns its manifest, and for how long commits were held up.</summary>
    public async Task<(Manifest Manifest, TimeSpan Held)> IntoAsync(string folder, CancellationToken ct)
    {
        foreach (var service in desk.Processes)
        {
            Copy(Path.Combine(data.Of(service.Name), AuditHead), folder);
        }

        var (parts, at, held) = await CutAsync(ct);
        foreach (var (service, part) in parts)
        {
            await TakeAsync(service, part, folder, ct);
        }

        Directory.EnumerateFiles(data.Keys, "*", SearchOption.AllDirectories).ToList().ForEach(file => Copy(file, folder));
        Directory.EnumerateFiles(data.Accounts, "*", SearchOption.AllDirectories).ToList().ForEach(file => Copy(file, folder));
        desk.Processes.SelectMany(service => Kept(data.Of(service.Name))).ToList().ForEach(file => Copy(file, folder));
        return (await WriteManifestAsync(folder, at, ct), held);
    }

    private async Task<(List<(ProcessEntry Service, BackupPart Part)> Parts, DateTimeOffset At, TimeSpan Held)> CutAsync(CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        var begun = new List<(ProcessEntry Service, BackupPart Part)>();
        try
        {
            foreach (var asked in desk.Processes.Select(async service => (Service: service, Part: await PartAsync(service, Ask.Post("/admin/backups"), ct))).ToList())
            {
                begun.Add(await asked);
            }

            var at = time.GetUtcNow();
            var released = await Task.WhenAll(begun.Select(async one => (one.Service, Part: await ReleaseAsync(one, ct))));
            var held = Stopwatch.GetElapsedTime(began);
            return released.FirstOrDefault(one => one.Part.State == "expired") is { Service: { } late }
                ? throw new Refusal($"{late.Name} had to go on before all had stopped, so the databases are of different instants: nothing was backed up; try again when there is less to do")
                : ([.. released], at, held);
        }
        catch (Exception e) when (e is Refusal or UnansweredException or OperationCanceledException)
        {
            // Whoever has stopped goes on at once, and not only when its time is up.
            await Task.WhenAll(begun.Select(one => ReleaseAsync(one, CancellationToken.None)));
            throw;
        }
    }

    private Task<BackupPart> ReleaseAsync((ProcessEntry Service, BackupPart Part) one, CancellationToken ct) =>
        PartAsync(one.Service, Ask.Post($"/admin/backups/{one.Part.Id}/release"), ct);

    private async Task<BackupPart> PartAsync(ProcessEntry service, Ask ask, CancellationToken ct) => (await desk.AskAsync(service, ask, ct)).Read(WireJson.Default.BackupPart);

    private async Task TakeAsync(ProcessEntry service, BackupPart part, string folder, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(CopyWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        while (part.State == "copying")
        {
            await Task.Delay(Poll, time, either.Token);
            part = await PartAsync(service, Ask.Get($"/admin/backups/{part.Id}"), either.Token);
        }

        if (part is not { State: "copied", File: { } file })
        {
            throw new Refusal($"{service.Name} could not copy its database; ./argosy logs {service.Name} says why");
        }

        var target = Path.Combine(folder, "services", service.Name, $"{service.Name}.db");
        DataFolder.CreatePrivate(Path.GetDirectoryName(target)!);
        File.Move(file, target);
        Private(target);
    }

    // A draft that is being written has a dot before its name, and another one in a moment.
    private static IEnumerable<string> Kept(string service) => !Directory.Exists(service) ? [] : Directory.EnumerateFiles(service, "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file)[0] != '.')
        .Where(file => !Passing.Contains(Path.GetExtension(file), StringComparer.Ordinal) && Path.GetFileName(file) != AuditHead && Path.GetRelativePath(service, file).Split(Path.DirectorySeparatorChar)[0] != "backup");

    // A file that went meanwhile is one that nobody needs any more: an old key, a draft.
    private void Copy(string file, string folder)
    {
        var target = Path.Combine(folder, Path.GetRelativePath(data.Root, file));
        try
        {
            if (File.Exists(file))
            {
                DataFolder.CreatePrivate(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
                Private(target);
            }
        }
        catch (FileNotFoundException)
        {
            File.Delete(target);
        }
    }

    private static void Private(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private async Task<Manifest> WriteManifestAsync(string folder, DateTimeOffset at, CancellationToken ct)
    {
        var files = new List<BackedUpFile>();
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            files.Add(await Manifest.DescribeAsync(folder, Path.GetRelativePath(folder, file), ct));
        }

        var manifest = new Manifest(Manifest.Current, Product.Version, at, [.. desk.Processes.Select(service => service.Name)], files);
        SecretFile.Write(Path.Combine(folder, Manifest.Name), JsonSerializer.Serialize(manifest, ManifestJson.Default.Manifest));
        return manifest;
    }
}
