using Argosy.Cli.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args switch
{
    ["tiny", ..] => await TinyProcess.RunAsync(),
    ["launcher", var folder, .. var names] => await TinyLauncher.RunAsync(folder, names),
    _ => await ConsoleRunner.Run(args),
};
