using System.CommandLine;
using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

internal static class RestartVerb
{
    public static Command Create(CliContext cli)
    {
        var name = new Argument<string>("NAME") { Description = "Which process." };
        var command = new Command("restart", "End one process gently and start it again from what is built; return when it is ready.") { name };
        command.SetAction(async (parsed, ct) =>
        {
            var (data, process) = (cli.DataOf(parsed), parsed.GetRequiredValue(name));
            var began = Stopwatch.StartNew();
            var reply = await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Restart, process), ct) ?? throw CliContext.NotRunning(data);
            if (reply.Error is { } error)
            {
                throw new Refusal(error);
            }

            cli.Screen.Say($"{process} is ready again after {began.Elapsed.TotalSeconds:0.0} s (pid {reply.Processes.First(p => p.Name == process).Pid})");
            return ExitCodes.Done;
        });
        return command;
    }
}
