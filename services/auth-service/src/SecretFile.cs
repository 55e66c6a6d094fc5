namespace Argosy.Auth;

/// <summary>Files that only this service's user may read.</summary>
internal static class SecretFile
{
    /// <summary>What the name of a file that is still being written ends with. One that is old was left by a process that died.</summary>
    public const string Unfinished = ".unfinished";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Makes a file that is not there yet, all of it or nothing: a temporary file beside it, to the disk, then renamed. Where another
    /// instance was faster, its file stays; who wants to know what is in it now reads it.
    /// </summary>
    public static void Create(string path, string text)
    {
        var temporary = Write(path, text);
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }

    /// <summary>As the other, in the place of what may be there: a reader gets the old text or the new one.</summary>
    public static void Replace(string path, string text) => File.Move(Write(path, text), path, overwrite: true);

    /// <summary>Whether people other than the owner may read or change the file.</summary>
    public static bool IsOpenToOthers(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != UnixFileMode.None;

    /// <summary>
    /// As the other, for a file that somebody else gave us: there the group may read it. What Kubernetes and compose mount belongs to root,
    /// and a process that is not root reads it by its group.
    /// </summary>
    public static bool IsOpenToOthersThanTheGroup(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead)) != UnixFileMode.None;

    private static string Write(string path, string text)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnerOnly;
        }

        var temporary = $"{path}.{Path.GetRandomFileName()}{Unfinished}";
        using (var file = new FileStream(temporary, options))
        {
            using (var writer = new StreamWriter(file, leaveOpen: true))
            {
                writer.Write(text);
            }

            file.Flush(flushToDisk: true);
        }

        return temporary;
    }
}
