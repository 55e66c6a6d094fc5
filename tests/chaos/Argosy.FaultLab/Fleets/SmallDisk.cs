using Argosy.Cli;
using Argosy.Cli.Engines;

namespace Argosy.FaultLab.Fleets;

/// <summary>A folder on a disk of its own that is small enough to be filled: a tmpfs, which only root may mount.</summary>
internal sealed class SmallDisk
{
    /// <summary>Its size.</summary>
    public const int Mebibytes = 192;

    private const long Mebibyte = 1024 * 1024;
    private static readonly byte[] Ballast = new byte[256 * 1024];
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    /// <summary>How many bytes were put on it so far, to fill it.</summary>
    public long Filled { get; private set; }

    private string BallastFile => Path.Combine(_folder, "ballast");

    /// <summary>Null where this user may not mount; then nothing is filled, and whoever runs the lab is told so.</summary>
    public static async Task<SmallDisk?> MountAsync(string folder, CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return null;
        }

        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            await RunAsync(ct, "/bin/mount", "-t", "tmpfs", "-o", $"size={Mebibytes}m,mode=0700", "argosy-lab", folder);
            return new SmallDisk(folder);
        }
        catch (Refusal)
        {
            return null;        // root of a container that may not
        }
    }

    /// <summary>Whether this user may have one.</summary>
    public static async Task<bool> IsPossibleAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-disk-").FullName;
        try
        {
            if (await MountAsync(folder, ct) is not { } disk)
            {
                return false;
            }

            await disk.DisposeAsync(isKept: false);
            return true;
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    /// <summary>Not a byte more can be written to it.</summary>
    public void Fill()
    {
        using var file = new FileStream(BallastFile, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = Ballast.Length; size > 0;)
        {
            try
            {
                file.Write(Ballast, 0, size);
                Filled += size;
            }
            catch (IOException)
            {
                size /= 2;      // it is full for that much; for less it may not be
            }
        }
    }

    /// <summary>So much of it is used, whoever uses it; with all of it, not a byte more can be written.</summary>
    public void Fill(int upTo)
    {
        if (upTo >= Mebibytes)
        {
            Fill();
            return;
        }

        var disk = new DriveInfo(_folder);
        using var file = new FileStream(BallastFile, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var missing = (upTo * Mebibyte) - (disk.TotalSize - disk.AvailableFreeSpace); missing > 0; missing -= Ballast.Length)
        {
            var size = (int)Math.Min(missing, Ballast.Length);
            try
            {
                file.Write(Ballast, 0, size);
            }
            catch (IOException)
            {
                return;     // its owner has used the rest meanwhile, and it is fuller than was asked for
            }

            Filled += size;
        }
    }

    public void Free() => File.Delete(BallastFile);

    /// <summary>Takes it away; what is on it is lost, or is in the folder under it from now on.</summary>
    public async Task DisposeAsync(bool isKept)
    {
        var copy = $"{_folder}.kept";
        if (isKept)
        {
            await RunAsync(CancellationToken.None, "/bin/cp", "--archive", _folder, copy);
        }

        await RunAsync(CancellationToken.None, "/bin/umount", "--lazy", _folder);
        if (isKept)
        {
            Directory.Delete(_folder);
            Directory.Move(copy, _folder);
        }
    }

    private static Task RunAsync(CancellationToken ct, params string[] command) =>
        ForeignProgram.RunAsync("", new Dictionary<string, string?>(StringComparer.Ordinal), command, ct);
}
