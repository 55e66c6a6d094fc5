using System.Text;
using System.Text.Json;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>PostgreSQL: a database and a user for each service, who can log in to no other. What it says is committed is on the disk.</summary>
internal sealed class PostgresEngine : IEngine
{
    public const string Name = "postgresql";
    private const string Super = "postgres";
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly EngineFolder _folder;
    private readonly string _programs;
    private readonly string _password;

    private PostgresEngine(EngineFolder folder, string programs)
    {
        _folder = folder;
        _programs = programs;
        _password = folder.PasswordOf(Name, Super);
        var port = folder.Port(Name);
        Plan = new ProcessPlan(
            Name,
            ForeignProgram.Leashed("INT",       // its TERM waits for every client to leave
                [.. AsUser(programs, "postgres"), "-D", Cluster, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=400"]),
            port, folder.Of(Name), new Dictionary<string, string?>(StringComparer.Ordinal) { ["LC_ALL"] = "C" })
        { IsEngine = true };
    }

    public string Title => "PostgreSQL";

    public ProcessPlan Plan { get; }

    private string Cluster => Path.Combine(_folder.Of(Name), "data");

    /// <summary>The folder of its programs; null where it isn't here.</summary>
    public static string? Programs
    {
        get
        {
            const string Debian = "/usr/lib/postgresql";
            var versions = Directory.Exists(Debian) ? Directory.GetDirectories(Debian).OrderByDescending(v => int.TryParse(Path.GetFileName(v), out var n) ? n : 0) : Enumerable.Empty<string>();
            return Path.GetDirectoryName(ForeignProgram.Find("initdb", versions.Select(version => Path.Combine(version, "bin"))));
        }
    }

    public static PostgresEngine? Find(EngineFolder folder) => Programs is { } programs ? new PostgresEngine(folder, programs) : null;

    public async Task PrepareAsync(CancellationToken ct)
    {
        if (Environment.IsPrivilegedProcess)
        {
            await OpenWayAsync(ct);
        }
        else
        {
            DataFolder.CreatePrivate(Plan.Folder);
        }

        // Written last: what was cut short is made anew.
        var made = Path.Combine(Plan.Folder, "made");
        if (File.Exists(made))
        {
            return;
        }

        if (Directory.Exists(Cluster))
        {
            Directory.Delete(Cluster, recursive: true);
        }

        // Nobody gets in before the administrator has a password, which comes by standard input: command lines can be read by everybody.
        await ForeignProgram.RunAsync("", Plan.Environment,
            [.. AsUser(_programs, "initdb"), "--pgdata", Cluster, "--username", Super, "--auth", "reject", "--encoding", "UTF8", "--locale", "C"], ct);
        await ForeignProgram.RunAsync($"alter role {Super} password '{_password}'\n", Plan.Environment,
            [.. AsUser(_programs, "postgres"), "--single", "-D", Cluster, Super], ct);
        await File.WriteAllTextAsync(Path.Combine(Cluster, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n", ct);
        await File.WriteAllTextAsync(made, "", ct);
    }

    public async Task ProvisionAsync(CancellationToken ct)
    {
        var script = new StringBuilder();
        foreach (var service in _folder.Services)
        {
            var name = DatabaseOf(service);
            script.AppendLine($"select 'create role {name} login' where not exists (select 1 from pg_roles where rolname = '{name}') \\gexec");
            script.AppendLine($"alter role {name} password '{_folder.PasswordOf(Name, service)}';");
            script.AppendLine($"select 'create database {name} owner {name}' where not exists (select 1 from pg_database where datname = '{name}') \\gexec");
            script.AppendLine($"revoke all on database {name} from public;");
        }

        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PGPASSWORD"] = _password };
        string[] psql = [Path.Combine(_programs, "psql"), "-h", "127.0.0.1", "-p", $"{Plan.Port}", "-U", Super, "-d", Super, "-q", "-v", "ON_ERROR_STOP=1", "-X"];
        await AnswersAsync([.. psql, "-c", "select 1"], environment, ct);
        await ForeignProgram.RunAsync(script.ToString(), environment, psql, ct);

        // The checker reads what the services wrote, wherever it is.
        SecretFile.Write(_folder.Data.Databases, JsonSerializer.Serialize(_folder.Services.ToDictionary(service => service, UrlOf, StringComparer.Ordinal), CliJson.Readable.DictionaryStringString));
    }

    public void Tell(string service, Dictionary<string, string?> environment)
    {
        if (_folder.Services.Contains(service))
        {
            environment["DATABASE_URL"] = UrlOf(service);
        }
    }

    private string UrlOf(string service) => $"postgresql://{DatabaseOf(service)}:{_folder.PasswordOf(Name, service)}@127.0.0.1:{Plan.Port}/{DatabaseOf(service)}";

    private static string DatabaseOf(string service) => service.Replace('-', '_');

    // It listens before it has recovered.
    private static async Task AnswersAsync(string[] question, Dictionary<string, string?> environment, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(AnswersWithin);
        while (true)
        {
            try
            {
                await ForeignProgram.RunAsync("", environment, question, ct);
                return;
            }
            catch (Refusal) when (!patience.IsCancellationRequested)
            {
                await Task.Delay(Pause, ct);
            }
        }
    }

    // It refuses to run as root. Then it runs as the user that its package made, who has to reach its folder: through the fleet's
    // folder they may walk, and see nothing there.
    private async Task OpenWayAsync(CancellationToken ct)
    {
        if (!OperatingSystem.IsWindows())
        {
            foreach (var folder in new[] { _folder.Data.Root, _folder.Data.Engines })
            {
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }

        DataFolder.CreatePrivate(Plan.Folder);
        var nothing = new Dictionary<string, string?>(StringComparer.Ordinal);
        await ForeignProgram.RunAsync("", nothing, ["chown", Super, Plan.Folder], ct);
        try
        {
            await ForeignProgram.RunAsync("", nothing, [.. AsUser("/usr/bin", "test"), "-w", Plan.Folder], ct);
        }
        catch (Refusal)
        {
            throw new Refusal($"PostgreSQL doesn't run as root, and its user {Super} can't reach {Plan.Folder}: name a data folder that others may walk to, e.g. --data /var/tmp/argosy");
        }
    }

    private static IReadOnlyList<string> AsUser(string folder, string program) => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid", Super, "--regid", Super, "--clear-groups", Path.Combine(folder, program)]
        : [Path.Combine(folder, program)];
}
