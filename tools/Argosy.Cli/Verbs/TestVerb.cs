using System.CommandLine;
using Argosy.Cli.Suite;

namespace Argosy.Cli.Verbs;

internal static class TestVerb
{
    public static Command Create(CliContext cli)
    {
        var filter = new Option<string?>("--filter")
        {
            Description = "Only assemblies whose name has NAME in it; if there are none, only tests whose name has it.",
            HelpName = "NAME",
        };
        var embedded = new Option<bool>("--embedded") { Description = "Leave out what runs on PostgreSQL, RabbitMQ and Redis, which else are installed where they are missing, as root on Debian." };
        var command = new Command("test", "Check the format, build with all analyzers, run every test. The last line is the result.") { filter, embedded };
        command.SetAction((parsed, ct) => new TestSuite(cli.Repository, cli.Screen, parsed.GetValue(filter), parsed.GetValue(embedded)).RunAsync(ct));
        return command;
    }
}
