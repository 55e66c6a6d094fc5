using Argosy.Cli.Processes;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// Arms the failpoints of a process that runs: the lines of <c>failpoints</c> in its folder, the first of which ends its present life. What it
/// died at it has moved to <c>failpoints.died</c> by itself.
/// </summary>
internal sealed class Armory(DataFolder data)
{
    /// <summary>What <c>ARGOSY_FAILPOINT</c> says to every process; relative to its folder.</summary>
    public const string Setting = "@failpoints";

    public void Arm(string process, IReadOnlyList<string> lives)
    {
        File.Delete(Died(process));
        File.WriteAllLines(FileOf(process) + ".new", lives);
        File.Move(FileOf(process) + ".new", FileOf(process), overwrite: true);
    }

    public void Disarm(string process) => File.Delete(FileOf(process));

    /// <summary>Which lives have ended, by the word of those who died.</summary>
    public IReadOnlyList<string> DiedAt(string process) => File.Exists(Died(process)) ? File.ReadAllLines(Died(process)) : [];

    private string FileOf(string process) => Path.Combine(data.Of(process), "failpoints");

    private string Died(string process) => FileOf(process) + ".died";
}
