using System.ComponentModel;
using System.Diagnostics;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>
/// Litmus's <c>cmdProbe</c>, inline: what a shell command prints. In a cluster it runs in the experiment's pod, here on this machine;
/// addresses of the cluster in it become those of the fleet.
/// </summary>
internal sealed record CmdCheck(string Command, Comparison Output) : ICheck
{
    private const int ShownCharacters = 200;

    public string Expected => $"output {Output}";

    public static CmdCheck? Read(Node inputs)
    {
        inputs.AllowOnly("command", "comparator");
        if (inputs.Require("command") is not { } commandNode || commandNode.Text() is not { } command
            || Comparison.Read(inputs.Require("comparator"), "int", "float", "string") is not { } output)
        {
            return null;
        }

        if (command.Contains("{{", StringComparison.Ordinal))
        {
            commandNode.Fail("has a template in it, which is not supported by Argosy: write what it stands for");
            return null;
        }

        return new CmdCheck(command, output);
    }

    public async Task<Seen> LookAsync(Surroundings surroundings, CancellationToken ct)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/sh", ["-c", surroundings.Resolve(Command)])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new Seen(Holds: false, $"no shell: {e.Message}");
        }

        try
        {
            process.StandardInput.Close();
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            var output = said[0].Trim();
            return process.ExitCode != 0 ? new Seen(Holds: false, $"exit code {process.ExitCode}: {Short(said[1].Trim())}") : new Seen(Output.Holds(output), Short(output));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static string Short(string text) => text.Length > ShownCharacters ? $"{text[..ShownCharacters]}…" : text;
}
