using System.ComponentModel;
using System.Diagnostics;

namespace Argosy.Cli.Processes;

/// <summary>
/// One life of a process: started, listened to, ended. Its standard input stays open as long as the launcher lives and is never
/// written to; a process that reads its end knows that the launcher is gone, however that happened, and ends too.
/// </summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;
    private readonly Task _output;

    private Child(Process process, Action<ReadOnlyMemory<byte>> sink)
    {
        _process = process;
        _output = Task.WhenAll(
            new LinePump(process.StandardOutput.BaseStream, sink).RunAsync(),
            new LinePump(process.StandardError.BaseStream, sink).RunAsync());
        Exited = WaitAsync();
    }

    public int Pid => _process.Id;

    /// <summary>The exit code; 128 + n after signal n.</summary>
    public Task<int> Exited { get; }

    public static Child Start(ProcessPlan plan, Action<ReadOnlyMemory<byte>> sink)
    {
        Directory.CreateDirectory(plan.Folder);
        var start = new ProcessStartInfo
        {
            WorkingDirectory = plan.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        SetCommand(start, plan.Command);
        foreach (var (name, value) in plan.Environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        try
        {
            return new Child(Process.Start(start)!, sink);
        }
        catch (Win32Exception e)
        {
            throw new Refusal($"{start.FileName}: {e.Message}");
        }
    }

    /// <summary>Asks it to end, and kills it when it hasn't after <paramref name="grace"/>. True if it had to be killed.</summary>
    public async Task<bool> StopAsync(TimeSpan grace, CancellationToken killNow)
    {
        AskToEnd();
        try
        {
            await Exited.WaitAsync(grace, killNow);
            return false;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            Kill();
            await Exited;
            return true;
        }
    }

    /// <summary>At once, and whatever it has started: an engine hangs on a leash, and has processes of its own.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose() => _process.Dispose();

    // A terminal's Ctrl-C reaches everyone in its foreground group. The launcher decides who ends when, so its children don't hear
    // it: an ignored signal stays ignored over exec, and .NET respects that.
    private static void SetCommand(ProcessStartInfo start, IReadOnlyList<string> command)
    {
        var words = OperatingSystem.IsWindows() ? command : ["/bin/sh", "-c", "trap '' INT QUIT HUP; exec \"$0\" \"$@\"", .. command];
        start.FileName = words[0];
        foreach (var word in words.Skip(1))
        {
            start.ArgumentList.Add(word);
        }
    }

    private void AskToEnd()
    {
        if (!OperatingSystem.IsWindows())
        {
            Unix.Signal(Pid, Unix.SigTerm);
        }

        _process.StandardInput.Close();
    }

    // Its last words are in the log before anyone hears that it has ended. Only for a moment: a grandchild may keep the pipe open.
    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        await Task.WhenAny(_output, Task.Delay(TimeSpan.FromSeconds(1)));
        return _process.ExitCode;
    }
}
