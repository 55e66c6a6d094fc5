using System.Globalization;
using Argosy.Cli.Processes;

namespace Argosy.FaultLab.Fleets;

/// <summary>
/// A process's wall clock, stepped while it runs: libfaketime stands before its C library and reads from a file how far the time is off.
/// What only counts elapsed time (the monotonic clock) goes on, as it does where a real clock is set.
/// </summary>
internal sealed class SteppedClock
{
    public const string Package = "libfaketime";
    private const string Library = "libfaketimeMT.so.1";
    private const string FolderOfLibrary = "faketime";

    // Where Debian puts libraries of a processor, and where the tests unpack what isn't installed.
    private const string Libraries = "usr/lib";

    private readonly string _file;

    private SteppedClock(string file)
    {
        _file = file;
        Step(TimeSpan.Zero);
    }

    /// <summary>The library; null where it isn't, and then no clock is stepped, and whoever runs the lab is told so.</summary>
    public static string? Find(Repository repository) =>
        new[] { "/", Path.Combine(repository.Root, "artifacts", "debian", Package) }.Select(root => Path.Combine(root, Libraries)).Where(Directory.Exists)
            .SelectMany(libraries => Directory.GetDirectories(libraries, "*-linux-*")).Select(processor => Path.Combine(processor, FolderOfLibrary, Library)).FirstOrDefault(File.Exists);

    /// <summary>The process with a clock that can be stepped.</summary>
    public static (SteppedClock Clock, ProcessPlan Plan) Of(ProcessPlan plan, DataFolder data, string library)
    {
        var folder = Path.Combine(data.Root, "clocks");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, plan.Name);
        return (new SteppedClock(file), plan with
        {
            Environment = new Dictionary<string, string?>(plan.Environment, StringComparer.Ordinal)
            {
                ["LD_PRELOAD"] = library,
                ["FAKETIME_TIMESTAMP_FILE"] = file,
                ["FAKETIME_CACHE_DURATION"] = "1",      // seconds after which the file is read again
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",  // on, every wait with a deadline returns at once: an idle process took a third of a core
                ["NO_FAKE_STAT"] = "1",
            },
        });
    }

    /// <summary>From within a second on it is so far ahead, or behind.</summary>
    public void Step(TimeSpan by)
    {
        File.WriteAllText(_file + ".new", string.Create(CultureInfo.InvariantCulture, $"{by.TotalSeconds:+0;-0;+0}\n"));
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
