namespace Argosy.E2E.Stress;

/// <summary>A service's folder on a disk of its own that is soon full. Root's business: it is mounted over the folder while the process stands still.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    private readonly Fleet _fleet;
    private readonly string _service;
    private readonly string _folder;
    private readonly string _disk = Directory.CreateTempSubdirectory("argosy-disk-").FullName;

    private SmallDisk(Fleet fleet, string service) => (_fleet, _service, _folder) = (fleet, service, Path.Combine(fleet.Data, "services", service));

    private string Filler => Path.Combine(_disk, "filler");

    /// <summary>
    /// The process is stopped, so that what it has on the disk is one moment; the copy is put over the folder; the process is killed, and the
    /// next one, which the launcher starts, finds everything where it was.
    /// </summary>
    public static async Task<SmallDisk> UnderAsync(Fleet fleet, string service)
    {
        var small = new SmallDisk(fleet, service);
        await small.MoveAsync($"mount -t tmpfs -o size=$(( $(du -sm '{small._folder}' | cut -f1) + 16 ))m,mode=700 tmpfs '{small._disk}' && cp -a '{small._folder}/.' '{small._disk}/' && mount --bind '{small._disk}' '{small._folder}'");
        return small;
    }

    /// <summary>To the last byte.</summary>
    public async Task FillAsync() => await RunAsync($"dd if=/dev/zero of='{Filler}' bs=1M 2>/dev/null || true; dd if=/dev/zero bs=512 2>/dev/null >> '{Filler}' || true");

    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        Empty();
        await MoveAsync($"umount -l '{_folder}' && find '{_folder}' -mindepth 1 -delete && cp -a '{_disk}/.' '{_folder}/'");
        await RunAsync($"umount -l '{_disk}' && rmdir '{_disk}'");
    }

    private async Task MoveAsync(string script)
    {
        // It may just have died of what it could not write, and be another one.
        await Argosy.Testing.Eventually.HoldsAsync(async () => (await Launcher.BashAsync(Within, $"kill -STOP {_fleet.PidOf(_service)}")).ExitCode == 0, $"{_service} stands still", Within);
        try
        {
            await RunAsync(script);
        }
        finally
        {
            await _fleet.KillAsync(_service);
        }

        await _fleet.ReadyAsync(_service);
    }

    private static async Task RunAsync(string script)
    {
        var ended = await Launcher.BashAsync(Within, script);
        if (ended.ExitCode != 0)
        {
            throw new InvalidOperationException($"{script}: {ended}");
        }
    }
}
