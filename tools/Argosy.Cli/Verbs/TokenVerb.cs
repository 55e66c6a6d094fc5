using System.CommandLine;
using Argosy.Cli.Access;

namespace Argosy.Cli.Verbs;

internal static class TokenVerb
{
    public static Command Create(CliContext cli)
    {
        var who = new Argument<string>("EMAIL|admin") { Description = "Who: an address (registered if it is new), or admin." };
        var command = new Command("token", "Log in through the gateway and print a bearer token, and nothing else.") { who };
        command.SetAction(async (parsed, ct) =>
        {
            var data = cli.DataOf(parsed);
            using var gateway = PatientHttp.Gateway(await CliContext.RunningAsync(data, ct), data, cli.Time);
            var tokens = await new Accounts(data, gateway).LoginAsync(parsed.GetRequiredValue(who), ct);
            cli.Screen.Print(tokens.AccessToken);
            return ExitCodes.Done;
        });
        return command;
    }
}
