using System.CommandLine;
using System.Formats.Tar;
using System.Globalization;
using System.Text.Json;
using Argosy.Cli.Backup;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Makes a data folder of a backup, where there is none yet.</summary>
internal static class RestoreVerb
{
    public static Command Create(CliContext cli)
    {
        var source = new Argument<string>("FILE|FOLDER") { Description = "What backup has written." };
        var provider = new Option<string?>("--provider")
        {
            Description = "The data folder of a stopped fleet from which the payment provider's own books are taken along: the emulator goes on with them, as a real provider would.",
            HelpName = "DIR",
        };
        var command = new Command("restore", "Restore a backup into a data folder that is not there yet, or empty. A backup that is damaged or not whole is refused.") { source, provider };
        command.SetAction(async (parsed, ct) =>
        {
            var data = cli.DataOf(parsed);
            var from = Path.GetFullPath(parsed.GetRequiredValue(source));
            if (Directory.Exists(data.Root) && Directory.EnumerateFileSystemEntries(data.Root).Any())
            {
                throw new Refusal($"{data.Root} isn't empty; name a fresh folder with --data DIR");
            }

            var books = parsed.GetValue(provider);
            var manifest = await RestoreAsync(from, data, books, cli.Time, ct);
            cli.Screen.Say(string.Create(CultureInfo.InvariantCulture, $"restored {manifest.Services.Count} databases as of {manifest.At:u} into {data.Root}"));
            cli.Screen.Say($"start them with ./argosy up{data.Option}; what has happened since at the payment provider, ./argosy reconcile{data.Option} reports");
            if (books is null)
            {
                cli.Screen.Say("the provider's own books are in no backup, and the emulator begins with empty ones; --provider DIR takes them along from the fleet that was");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    // Beside the folder first: what has its name is whole, or was not restored.
    private static async Task<Manifest> RestoreAsync(string from, DataFolder data, string? provider, TimeProvider time, CancellationToken ct)
    {
        var draft = $"{data.Root}.{Path.GetRandomFileName()}.partial";
        try
        {
            DataFolder.CreatePrivate(draft);
            await UnpackAsync(from, draft, ct);
            var manifest = await Manifest.VerifyAsync(draft, ct);
            File.Delete(Path.Combine(draft, Manifest.Name));
            Say(new DataFolder(draft), manifest, time);
            if (provider is not null)
            {
                TakeAlong(new DataFolder(Path.GetFullPath(provider)), new DataFolder(draft));
            }

            if (Directory.Exists(data.Root))
            {
                Directory.Delete(data.Root);
            }

            Directory.Move(draft, data.Root);
            return manifest;
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    private static async Task UnpackAsync(string from, string into, CancellationToken ct)
    {
        try
        {
            if (File.Exists(from))
            {
                await TarFile.ExtractToDirectoryAsync(from, into, overwriteFiles: false, ct);
                return;
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or IOException)
        {
            throw new Refusal($"the backup is damaged, or {from} isn't one: it can't be unpacked: {e.Message}");
        }

        if (!Directory.Exists(from))
        {
            throw new Refusal($"there is no backup {from}");
        }

        CopyAll(from, into);
    }

    // Each service says it in its audit trail when it starts; by a number, since names are of people, and the trail is kept for good.
    private static void Say(DataFolder draft, Manifest manifest, TimeProvider time)
    {
        var by = OperatingSystem.IsWindows() ? "windows" : Unix.UserId.ToString(CultureInfo.InvariantCulture);
        var restored = JsonSerializer.Serialize(new Restored($"restore-{Guid.CreateVersion7(time.GetUtcNow())}", by, manifest.At), ManifestJson.Default.Restored);
        foreach (var service in manifest.Services)
        {
            SecretFile.Write(Path.Combine(draft.Of(service), "restored.json"), restored);
        }
    }

    private static void TakeAlong(DataFolder old, DataFolder fresh)
    {
        var books = old.Of(Catalog.Provider);
        if (!Directory.Exists(books))
        {
            throw new Refusal($"there are no books of {Catalog.Provider} in {old.Root}");
        }

        using var held = FleetLock.TryTake(old) ?? throw new Refusal($"a fleet is running in {old.Root}; stop it with ./argosy down{old.Option}");
        CopyAll(books, fresh.Of(Catalog.Provider));
    }

    private static void CopyAll(string from, string into)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(into, Path.GetRelativePath(from, file));
            DataFolder.CreatePrivate(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
