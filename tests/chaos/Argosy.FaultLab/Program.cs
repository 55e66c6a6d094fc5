using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;
using Argosy.FaultLab;

using var interrupts = new Interrupts();
var screen = new Screen();
try
{
    var lab = new Lab(Repository.Find(), screen, interrupts.Stop);
    var parsed = ChaosVerb.Create((request, _) => lab.RunAsync(request)).Parse(args);
    if (parsed.Errors.Count > 0)
    {
        throw UsageErrors.Of(parsed);
    }

    return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Refusal refusal)
{
    screen.Say($"argosy: {refusal.Message}");
    return refusal.ExitCode;
}
catch (OperationCanceledException) when (interrupts.Stop.IsCancellationRequested)
{
    screen.Say("argosy: interrupted; what was done to the fleet is undone, and it is stopped");
    return ExitCodes.Failed;
}
