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
        var servers = new Option<bool>("--servers") { Description = "Also what needs PostgreSQL, RabbitMQ or Redis; as root on Debian they are installed where they are missing." };
        var command = new Command("test", "Check the format, build with all analyzers, run every test on embedded defaults. The last line is the result.") { filter, servers };
        command.SetAction((parsed, ct) => new TestSuite(cli.Repository, cli.Screen, parsed.GetValue(filter), parsed.GetValue(servers)).RunAsync(ct));
        return command;
    }
}
