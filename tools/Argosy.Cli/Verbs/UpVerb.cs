using System.CommandLine;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <param name="Data">Where the fleet keeps everything.</param>
/// <param name="Isolated">Free ports instead of the usual ones.</param>
/// <param name="ReadyWithin">The deadline of each process.</param>
/// <param name="Began">When the command was given.</param>
/// <param name="Engines">Which real servers instead of what is embedded: <see cref="EngineSet.Everything"/>, names, or null for none.</param>
/// <param name="Instances">Services of which there are to be several; null where there are none.</param>
/// <param name="NoLimits">Whether the gateway limits nobody.</param>
internal sealed record UpOptions(DataFolder Data, bool Isolated, TimeSpan ReadyWithin, DateTimeOffset Began, string? Engines, string? Instances, bool NoLimits);

internal static class UpVerb
{
    private const int DefaultTimeout = 60;

    public static Command Create(CliContext cli)
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when everything is ready and leave it running." };
        var isolated = new Option<bool>("--isolated") { Description = "Free ports, and a fresh data folder unless --data names one." };
        var engines = new Option<string?>("--engines")
        {
            Description = "On PostgreSQL, RabbitMQ and Redis, where they are installed, instead of what is embedded; or on some: postgresql,redis.",
            HelpName = "NAME,…",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var instances = new Option<string?>("--instances") { Description = "Several of a service, with --engines: order-service=2,payment-service=2.", HelpName = "NAME=COUNT,…" };
        var noLimits = new Option<bool>("--no-limits") { Description = "The gateway limits nobody: whoever reaches it may ask as often as they like." };
        var noBuild = new Option<bool>("--no-build") { Description = "Start what is built, whatever the sources say." };
        var timeout = new Option<int>("--timeout")
        {
            Description = "Seconds within which each process has to be ready.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultTimeout,
        };
        var background = new Option<long?>("--background") { Description = "What --detach starts: when that was, in milliseconds.", Hidden = true };

        var command = new Command("up", "Start every process, wait until all are ready, keep them alive.") { detach, isolated, engines, instances, noLimits, noBuild, timeout, background };
        command.SetAction((parsed, ct) =>
        {
            var detached = parsed.GetValue(background);
            var began = detached is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : cli.Time.GetUtcNow();
            var options = new UpOptions(
                DataFor(cli, parsed, parsed.GetValue(isolated)), parsed.GetValue(isolated), TimeSpan.FromSeconds(parsed.GetValue(timeout)), began,
                parsed.GetResult(engines) is null ? null : parsed.GetValue(engines) ?? EngineSet.Everything, parsed.GetValue(instances), parsed.GetValue(noLimits));
            return parsed.GetValue(detach)
                ? new Background(cli, options).StartAsync(ct)
                : new Launch(cli, options).RunAsync(foreground: detached is null);
        });
        return command;
    }

    private static DataFolder DataFor(CliContext cli, ParseResult parsed, bool isolated) =>
        isolated && parsed.GetValue(cli.Data) is null
            ? new DataFolder(Directory.CreateTempSubdirectory("argosy-").FullName)
            : cli.DataOf(parsed);
}
