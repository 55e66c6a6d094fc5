namespace Argosy.Cli.Processes;

/// <summary>
/// How .NET runs processes that live for seconds or a minute, as those of tests and of the crash points do, unless the shell says otherwise. Most of
/// their processor time is starts: without W^X, and with what is compiled a second time only after a quiet second, a fleet takes half as much of it until it has
/// been ready for five seconds. A second compilation is for what was called a thousand times instead of 30: it was a third of the processor time where
/// processes are started again and again. Without idle threads that spin, waiting costs a third less.
/// </summary>
internal static class ShortLives
{
    /// <summary>Numbers are in hex, as .NET wants them; the delay is in milliseconds.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["DOTNET_TC_CallCountingDelayMs"] = "3E8",
        ["DOTNET_TC_CallCountThreshold"] = "3E8",
        ["DOTNET_EnableWriteXorExecute"] = "0",
        ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0",
    };

    public static ProcessPlan Of(ProcessPlan plan)
    {
        var environment = new Dictionary<string, string?>(plan.Environment, StringComparer.Ordinal);
        foreach (var (name, value) in Environment)
        {
            environment[name] = System.Environment.GetEnvironmentVariable(name) ?? value;
        }

        return plan with { Environment = environment };
    }
}
