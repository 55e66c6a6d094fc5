using System.Text;

namespace Argosy.Chassis;

/// <summary>
/// Files that only this process's user may read, written as a whole or not at all: to a temporary file beside, to the disk, then renamed.
/// Its name is random, for in containers every process has the same id.
/// </summary>
public static class SecretFile
{
    /// <summary>What the name of a file that is still being written ends with. One that is old was left by a process that died.</summary>
    public const string Unfinished = ".unfinished";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a file that is not there yet. Where another instance was faster, its file stays; who wants to know what is in it now reads it.</summary>
    public static void Create(string path, string text) => Create(path, Encoding.UTF8.GetBytes(text));

    /// <summary>As the other, of bytes.</summary>
    public static void Create(string path, ReadOnlySpan<byte> content)
    {
        var temporary = Write(path, content);
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Puts a text in the place of what may be there: a reader gets the old one or the new one.</summary>
    public static void Replace(string path, string text) => File.Move(Write(path, Encoding.UTF8.GetBytes(text)), path, overwrite: true);

    /// <summary>Whether people other than the owner may read or change the file.</summary>
    public static bool IsOpenToOthers(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != UnixFileMode.None;

    /// <summary>
    /// As the other, for a file that somebody else gave us: there the group may read it. What Kubernetes and compose mount belongs to root,
    /// and a process that is not root reads it by its group.
    /// </summary>
    public static bool IsOpenToOthersThanTheGroup(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead)) != UnixFileMode.None;

    private static string Write(string path, ReadOnlySpan<byte> content)
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
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        return temporary;
    }
}
