using System.CommandLine;
using Argosy.Performance;

var quick = new Option<bool>("--quick") { Description = "A tenth of the time: to see that it works, not to quote." };
var only = new Option<string?>("--only") { Description = "One group of figures: orders, store, gateway, identity, overload, engines or growth.", HelpName = "GROUP" };
only.AcceptOnlyFromAmong("orders", "store", "gateway", "identity", "overload", "engines", "growth");
var empty = new Option<int?>("--empty") { Hidden = true };      // one of the processes that a start is compared with
var command = new RootCommand("Measures Argosy on this machine and prints a table. Nothing else should run meanwhile.") { quick, only, empty };
command.SetAction(async (parsed, cancellation) =>
{
    if (parsed.GetValue(empty) is { } port)
    {
        await EmptyProcesses.RunAsync(port, cancellation);
        return 0;
    }

    return await Bench.RunAsync(parsed.GetValue(quick) ? BenchOptions.Quick : new BenchOptions(), parsed.GetValue(only), Console.Out, cancellation);
});
return await command.Parse(args).InvokeAsync();
