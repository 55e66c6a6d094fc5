using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Cli.Backup;

/// <param name="Path">Within the backup, and within the data folder that it is restored into.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Sha256">In hex.</param>
internal sealed record BackedUpFile(string Path, long Bytes, string Sha256);

/// <summary><c>manifest.json</c>, written last: a backup without it isn't whole.</summary>
/// <param name="Format">Of this file.</param>
/// <param name="Product">The version that has written it.</param>
/// <param name="At">The instant of the cut.</param>
/// <param name="Services">Whose databases are in it.</param>
/// <param name="Files">All files but this one.</param>
internal sealed record Manifest(int Format, string Product, DateTimeOffset At, IReadOnlyList<string> Services, IReadOnlyList<BackedUpFile> Files)
{
    public const string Name = "manifest.json";
    public const int Current = 1;

    public static async Task<BackedUpFile> DescribeAsync(string root, string path, CancellationToken ct)
    {
        await using var file = File.OpenRead(Path.Combine(root, path));
        return new BackedUpFile(path.Replace(Path.DirectorySeparatorChar, '/'), file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct)));
    }

    /// <summary>Reads a backup's manifest and holds every file against it.</summary>
    /// <exception cref="Refusal">Something is missing, damaged, or not in the manifest.</exception>
    public static async Task<Manifest> VerifyAsync(string root, CancellationToken ct)
    {
        var manifest = Read(Path.Combine(root, Name));
        foreach (var file in manifest.Files)
        {
            if (!IsInside(file.Path) || !File.Exists(Path.Combine(root, file.Path)))
            {
                throw new Refusal($"the backup isn't whole: {file.Path} is missing");
            }

            var found = await DescribeAsync(root, file.Path, ct);
            if (found != file)
            {
                throw new Refusal($"the backup is damaged: {file.Path} has {found.Bytes} bytes and SHA-256 {found.Sha256[..12]}…, and the manifest says {file.Bytes} and {file.Sha256[..12]}…");
            }
        }

        if (manifest.Services.FirstOrDefault(service => manifest.Files.All(file => file.Path != $"services/{service}/{service}.db")) is { } absent)
        {
            throw new Refusal($"the backup isn't whole: its manifest names {absent}, and no database of it");
        }

        var known = manifest.Files.Select(file => file.Path).Append(Name).ToHashSet(StringComparer.Ordinal);
        return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/')).FirstOrDefault(file => !known.Contains(file)) is { } foreign
            ? throw new Refusal($"the backup isn't what was written: {foreign} is not in its manifest")
            : manifest;
    }

    private static Manifest Read(string file)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize(File.ReadAllBytes(file), ManifestJson.Default.Manifest) ?? throw new JsonException("it is null");
            return manifest.Format == Current ? manifest : throw new Refusal($"{file} has format {manifest.Format}, and this version reads {Current}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new Refusal($"there is no {Name} in it, so it is no backup, or not whole");
        }
        catch (JsonException e)
        {
            throw new Refusal($"the backup is damaged: {Name} can't be read: {e.Message}");
        }
    }

    private static bool IsInside(string path) => path.Length > 0 && !Path.IsPathRooted(path) && !path.Split('/').Contains("..", StringComparer.Ordinal);
}

/// <summary><c>restored.json</c>, for the service that starts beside it.</summary>
/// <param name="Id">Of this restoration.</param>
/// <param name="By">Who did it: the number of a user of this machine.</param>
/// <param name="AsOf">The instant of the cut.</param>
internal sealed record Restored(string Id, string By, DateTimeOffset AsOf);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(Restored))]
internal sealed partial class ManifestJson : JsonSerializerContext;
