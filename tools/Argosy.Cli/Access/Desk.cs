using System.CommandLine;
using System.Net;
using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;

namespace Argosy.Cli.Access;

/// <summary>Where an operator works: each service's own port, which the gateway doesn't lead to.</summary>
internal sealed record Desk(IReadOnlyList<ProcessEntry> Processes, string Token, TimeProvider Time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Logs in as the administrator of the fleet that the command is about.</summary>
    public static async Task<Desk> OpenAsync(CliContext cli, ParseResult parsed, CancellationToken ct)
    {
        var data = cli.DataOf(parsed);
        var state = await CliContext.RunningAsync(data, ct);
        using var gateway = PatientHttp.Gateway(state, data, cli.Time);
        var token = await new Accounts(data, gateway).LoginAsync("admin", ct);
        var handlers = Catalog.Read(cli.Repository).Where(e => e.HandlesMessages).Select(e => e.Name);
        return new Desk([.. state.Processes.Where(p => handlers.Contains(p.Name, StringComparer.Ordinal))], token.AccessToken, cli.Time);
    }

    public List<ProcessEntry> Services(string? name)
    {
        var chosen = Processes.Where(p => name is null || p.Name == name).ToList();
        return chosen.Count > 0 ? chosen
            : throw new Refusal($"{name} isn't a service that handles messages; those are {string.Join(", ", Processes.Select(p => p.Name))}");
    }

    public async Task<Answer> AskAsync(ProcessEntry service, Ask ask, CancellationToken ct)
    {
        using var http = new PatientHttp(service.Url, Time);
        var answer = await http.AskAsync(ask with { Token = Token }, Patience, ct);
        return answer.IsSuccess ? answer : throw new Refusal($"{service.Name} answers {answer} to {ask.Method} {ask.Path}");
    }

    /// <summary>Who of these knows something, and what they say of it: those that answer 404 are left out.</summary>
    public async Task<IReadOnlyList<(ProcessEntry Service, Answer Answer)>> WhoKnowsAsync(IEnumerable<ProcessEntry> services, string path, CancellationToken ct)
    {
        var asked = await Task.WhenAll(services.Select(async service =>
        {
            using var http = new PatientHttp(service.Url, Time);
            return (Service: service, Answer: await http.AskAsync(Ask.Get(path) with { Token = Token }, Patience, ct));
        }));
        return asked.FirstOrDefault(one => !one.Answer.IsSuccess && one.Answer.Status != HttpStatusCode.NotFound) is { Service: { } failed } other
            ? throw new Refusal($"{failed.Name} answers {other.Answer} to GET {path}")
            : [.. asked.Where(one => one.Answer.IsSuccess)];
    }
}
