using System.CommandLine;
using System.Formats.Tar;
using System.Globalization;
using Argosy.Cli.Access;
using Argosy.Cli.Backup;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Every database of a fleet that runs, as all of them were at one instant, with the keys that they need.</summary>
internal static class BackupVerb
{
    public const string Archive = ".tar";

    public static Command Create(CliContext cli)
    {
        var target = new Argument<string>("FILE|FOLDER") { Description = "Where to: a file that ends in .tar, or a folder. It must not be there yet." };
        var command = new Command("backup", "Back up every SQLite database while the fleet runs, as they all were at one instant. It holds the fleet's secrets, too: keep it as you keep those.") { target };
        command.SetAction(async (parsed, ct) =>
        {
            var to = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetRequiredValue(target)));
            if (Path.Exists(to))
            {
                throw new Refusal($"{to} is there already; name another one");
            }

            if (!Directory.Exists(Path.GetDirectoryName(to)))
            {
                throw new Refusal($"there is no folder {Path.GetDirectoryName(to)} to write it into; what is in a backup is secret, and so none is made by the way");
            }

            var data = cli.DataOf(parsed);
            RefuseServers(await CliContext.RunningAsync(data, ct));
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var (manifest, held) = await TakeAsync(desk, data, to, cli.Time, ct);
            cli.Screen.Print(to);
            cli.Screen.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{manifest.Services.Count} databases as of {manifest.At:u}, {manifest.Files.Count} files, {manifest.Files.Sum(file => file.Bytes) / 1024.0 / 1024:0.0} MiB; commits waited for {held.TotalMilliseconds:0} ms"));
            return ExitCodes.Done;
        });
        return command;
    }

    // Under another name first, and only for its owner: what has the name is whole.
    private static async Task<(Manifest Manifest, TimeSpan Held)> TakeAsync(Desk desk, DataFolder data, string to, TimeProvider time, CancellationToken ct)
    {
        var draft = $"{to}.{Path.GetRandomFileName()}.partial";
        try
        {
            DataFolder.CreatePrivate(draft);
            var taken = await new Taking(desk, data, time).IntoAsync(draft, ct);
            if (!to.EndsWith(Archive, StringComparison.Ordinal))
            {
                Directory.Move(draft, to);
                return taken;
            }

            await PackAsync(draft, to, ct);
            return taken;
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    private static async Task PackAsync(string folder, string to, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var draft = $"{folder}{Archive}";
        try
        {
            await using (var file = new FileStream(draft, options))
            {
                await TarFile.CreateFromDirectoryAsync(folder, file, includeBaseDirectory: false, ct);
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, to);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // With a broker what is on its way lies in neither database, and a server has backups of its own.
    internal static void RefuseServers(FleetState state)
    {
        if (state.Processes.Select(process => process.Name).Where(name => name is PostgresEngine.Name or RabbitEngine.Name).ToList() is { Count: > 0 } engines)
        {
            throw new Refusal($"this fleet stands on {string.Join(" and ", engines)}; backup is for SQLite and the push bus, with servers use theirs (pg_dump, or an archive of the write-ahead log)");
        }
    }
}
