using System.CommandLine;
using System.Net;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;

namespace Argosy.Cli.Access;

/// <summary>Where an operator works: each service's own port, which the gateway doesn't lead to.</summary>
internal sealed class Desk(IReadOnlyList<ProcessEntry> processes, string token, Func<string?, CancellationToken, Task<string>> login, TimeProvider time, Screen screen)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // Of a question to all: one that is away, which is when an operator asks, keeps nobody from seeing the others.
    private static readonly TimeSpan PatienceWithEach = TimeSpan.FromSeconds(5);

    private volatile bool _isShort;
    private volatile string _token = token;

    public IReadOnlyList<ProcessEntry> Processes => processes;

    public TimeProvider Time => time;

    /// <summary>Somebody didn't answer a question to all, so that what isn't known here may be known there.</summary>
    public bool IsShort => _isShort;

    /// <summary>What a command ends with that has shown what there is: not the good one where somebody didn't answer.</summary>
    public int ExitCode => _isShort ? ExitCodes.Failed : ExitCodes.Done;

    /// <summary>Logs in as the administrator of the fleet that the command is about.</summary>
    public static async Task<Desk> OpenAsync(CliContext cli, ParseResult parsed, CancellationToken ct)
    {
        var data = cli.DataOf(parsed);
        var state = await CliContext.RunningAsync(data, ct);
        return new Desk(Handlers(), await LoginAsync(refused: null, ct), LoginAsync, cli.Time, cli.Screen);

        List<ProcessEntry> Handlers()
        {
            var handlers = Catalog.Read(cli.Repository).Where(e => e.HandlesMessages).Select(e => e.Name).ToList();
            return [.. state.Processes.Where(p => handlers.Contains(p.Name, StringComparer.Ordinal))];
        }

        async Task<string> LoginAsync(string? refused, CancellationToken ct)
        {
            using var gateway = PatientHttp.Gateway(state, data, cli.Time);
            return await new Accounts(data, gateway).AdminTokenAsync(refused, cli.Time, ct);
        }
    }

    public List<ProcessEntry> Services(string? name)
    {
        var chosen = Processes.Where(p => name is null || p.Name == name).ToList();
        return chosen.Count > 0 ? chosen
            : throw new Refusal($"{name} isn't a service that handles messages; those are {string.Join(", ", Processes.Select(p => p.Name))}");
    }

    /// <summary>
    /// Asks until it is answered. A change goes out with a key, so that where the service keeps keys one whose answer was lost is done once,
    /// and its repeat is told what came of it.
    /// </summary>
    /// <exception cref="Refusal">It was answered, and not by a success.</exception>
    /// <exception cref="UnansweredException">No answer came in time.</exception>
    public async Task<Answer> AskAsync(ProcessEntry service, Ask ask, CancellationToken ct)
    {
        if (ask.Method != HttpMethod.Get && ask.IdempotencyKey is null)
        {
            ask = ask with { IdempotencyKey = $"operator-{Guid.CreateVersion7(time.GetUtcNow())}" };
        }

        var answer = await AskAsync(service, ask, Patience, ct);
        return answer.IsSuccess ? answer : throw new Refusal($"{service.Name} answers {answer} to {ask.Method} {ask.Path}");
    }

    /// <summary>What each of these says; who says nothing is named on the screen and left out.</summary>
    public async Task<IReadOnlyList<(ProcessEntry Service, Answer Answer)>> AskEachAsync(IEnumerable<ProcessEntry> services, string path, CancellationToken ct) =>
        Refuse(path, await HearAsync(services, path, ct), one => !one.Answer.IsSuccess);

    /// <summary>Who of these knows something, and what they say of it: those that answer 404 are left out.</summary>
    public async Task<IReadOnlyList<(ProcessEntry Service, Answer Answer)>> WhoKnowsAsync(IEnumerable<ProcessEntry> services, string path, CancellationToken ct) =>
        [.. Refuse(path, await HearAsync(services, path, ct), one => !one.Answer.IsSuccess && one.Answer.Status != HttpStatusCode.NotFound).Where(one => one.Answer.IsSuccess)];

    private async Task<Answer> AskAsync(ProcessEntry service, Ask ask, TimeSpan patience, CancellationToken ct)
    {
        using var http = new PatientHttp(service.Url, time);
        var token = _token;
        var answer = await http.AskAsync(ask with { Token = token }, patience, ct);
        return answer.Status != HttpStatusCode.Unauthorized ? answer : await http.AskAsync(ask with { Token = _token = await login(token, ct) }, patience, ct);
    }

    private Task<IReadOnlyList<(ProcessEntry Service, Answer Answer)>> HearAsync(IEnumerable<ProcessEntry> services, string path, CancellationToken ct) =>
        EachAsync(services, service => AskAsync(service, Ask.Get(path), PatienceWithEach, ct));

    /// <summary>What is found out from each of these; who doesn't answer is named on the screen and left out.</summary>
    public async Task<IReadOnlyList<(ProcessEntry Service, T Found)>> EachAsync<T>(IEnumerable<ProcessEntry> services, Func<ProcessEntry, Task<T>> find)
    {
        var asked = await Task.WhenAll(services.Select(async service =>
        {
            try
            {
                return ((ProcessEntry Service, T Found)?)(service, await find(service));
            }
            catch (UnansweredException e)
            {
                _isShort = true;
                screen.Say($"argosy: {service.Name} doesn't answer, and what it knows is left out ({e.Message})");
                return null;
            }
        }));
        return [.. asked.OfType<(ProcessEntry, T)>()];
    }

    private static IReadOnlyList<(ProcessEntry Service, Answer Answer)> Refuse(
        string path, IReadOnlyList<(ProcessEntry Service, Answer Answer)> heard, Predicate<(ProcessEntry Service, Answer Answer)> isRefused) =>
        heard.FirstOrDefault(one => isRefused(one)) is { Service: { } failed } other ? throw new Refusal($"{failed.Name} answers {other.Answer} to GET {path}") : heard;
}
