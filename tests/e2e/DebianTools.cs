using Xunit;

namespace Argosy.E2E;

/// <summary>
/// Programs of Debian's packages that tests look at us with. What is not on the PATH is fetched and unpacked beside the build, where
/// it changes nothing of the machine: no service is installed, none is started.
/// </summary>
internal static class DebianTools
{
    private static readonly TimeSpan FetchWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan InstallWithin = TimeSpan.FromMinutes(5);
    private static readonly SemaphoreSlim Single = new(1, 1);

    /// <summary>Where the program is; without it the test is left out, which says so and which continuous integration does not accept.</summary>
    public static async Task<string> RequireAsync(string program, string package)
    {
        await Single.WaitAsync(FetchWithin);
        try
        {
            return OnPath(program) ?? await UnpackedAsync(program, package) ?? Left(program, package);
        }
        finally
        {
            Single.Release();
        }
    }

    /// <summary>The same for what needs more than its own package: installed, where this process may do that.</summary>
    public static async Task<string> RequireInstalledAsync(string program, string package)
    {
        await Single.WaitAsync(FetchWithin);
        try
        {
            if (OnPath(program) is null && Environment.IsPrivilegedProcess && OnPath("apt-get") is not null)
            {
                await Launcher.BashAsync(InstallWithin, $"apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {package}");
            }

            return OnPath(program) ?? Left(program, package);
        }
        finally
        {
            Single.Release();
        }
    }

    /// <summary>A package's files beside the build, where they can be fetched.</summary>
    public static async Task UnpackAsync(string package)
    {
        if (OnPath("apt-get") is null)
        {
            return;
        }

        // The lists first where this user may renew them; whoever may not downloads by those that are there.
        var folder = FolderOf(package);
        await Launcher.BashAsync(FetchWithin, $"""
            mkdir -p '{folder}' && cd '{folder}'
            if [ "$(id -u)" = 0 ]; then apt-get update -q; fi
            apt-get download -q {package} && dpkg-deb -x {package}_*.deb . && rm {package}_*.deb
            """);
    }

    private static string? OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static async Task<string?> UnpackedAsync(string program, string package)
    {
        var unpacked = Path.Combine(FolderOf(package), "usr", "bin", program);
        if (!File.Exists(unpacked))
        {
            await UnpackAsync(package);
        }

        return File.Exists(unpacked) ? unpacked : null;
    }

    private static string FolderOf(string package) => Path.Combine(Launcher.Root, "artifacts", "debian", package);

    private static string Left(string program, string package)
    {
        Assert.Skip($"{program} is not here and could not be fetched: install Debian's package {package}.");
        return "";
    }
}
