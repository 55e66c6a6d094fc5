using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Argosy.Cli.Processes;

/// <summary>The four calls that .NET has no name for.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Unix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>True if the process got the signal; false if there is none any more.</summary>
    public static bool Signal(int pid, int signal) => Kill(pid, signal) == 0;

    /// <summary>A session of its own: the terminal's end and its Ctrl-C don't reach this process any more.</summary>
    public static void LeaveTerminal()
    {
        if (SetSid() < 0)
        {
            throw new Refusal($"the background launcher can't leave the terminal's session (setsid: errno {Marshal.GetLastPInvokeError()})", ExitCodes.Internal);
        }
    }

    /// <summary>The number of the user that this process acts for.</summary>
    public static uint UserId => GetEffectiveUserId();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();
}
