using System.CommandLine;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;

using var interrupts = new Interrupts();
var screen = new Screen();
try
{
    var cli = new CliContext(Repository.Find(), screen, interrupts, TimeProvider.System);
    var root = new RootCommand(
        "Argosy: an order platform of small services, started and watched from here.\n\n"
        + "Exit codes: 0 done, 1 it didn't succeed, 2 the command line is wrong, 3 no fleet is running in that data folder, 70 a mistake of this program.")
    {
        cli.Data,
        UpVerb.Create(cli),
        DownVerb.Create(cli),
        StatusVerb.Create(cli),
        LogsVerb.Create(cli),
        RestartVerb.Create(cli),
        TokenVerb.Create(cli),
        DeadLettersVerb.Create(cli),
        SagasVerb.Create(cli),
        ProjectionsVerb.Create(cli),
        ReconcileVerb.Create(cli),
        BackupVerb.Create(cli),
        RestoreVerb.Create(cli),
        AuditVerb.Create(cli),
        DemoVerb.Create(cli),
        DoctorVerb.Create(cli),
        BenchVerb.Create(cli),
        SimVerb.Create(cli),
        ChaosVerb.Create(cli),
        TestVerb.Create(cli),
    };

    root.HelpName = "./argosy";
    if (args is [Beforehand.Option, .. var given])
    {
        return Beforehand.Check(root.Parse(given), cli);
    }

    var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
    if (parsed.Errors.Count > 0)
    {
        throw UsageErrors.Of(parsed);
    }

    var settings = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    return await parsed.InvokeAsync(settings, interrupts.Stop);
}
catch (Refusal refusal)
{
    screen.Say($"argosy: {refusal.Message}");
    return refusal.ExitCode;
}
catch (UnansweredException unanswered)
{
    screen.Say($"argosy: {unanswered.Message}");
    return ExitCodes.Failed;
}
catch (OperationCanceledException) when (interrupts.Stop.IsCancellationRequested)
{
    screen.Say("argosy: interrupted");
    return ExitCodes.Failed;
}
catch (Exception e)
{
    screen.Say($"argosy: a mistake of the launcher itself: {e}");
    return ExitCodes.Internal;
}
