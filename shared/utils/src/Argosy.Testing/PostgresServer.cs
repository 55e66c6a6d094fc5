using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Argosy.Chassis.Postgres;
using Npgsql;

namespace Argosy.Testing;

/// <summary>
/// A real PostgreSQL as a child process, on a port and with a folder of its own; <c>fsync</c> stays on. Its databases sort texts as a
/// dictionary does, so that whoever relies on the order of bytes has to see to it.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private const int Sigint = 2;
    private const string Super = "postgres";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly SemaphoreSlim Finding = new(1, 1);
    private static readonly bool IsRoot = Environment.UserName == "root";

    private readonly string _programs;
    private readonly string _folder;
    private readonly ConcurrentQueue<string> _said = new();
    private Process? _process;

    private PostgresServer(string programs, string folder) => (_programs, _folder) = (programs, folder);

    /// <summary>Where it listens, on 127.0.0.1; the same over restarts.</summary>
    public int Port { get; } = ServiceProcess.FreePort();

    /// <summary>
    /// The folder with PostgreSQL's programs: on the PATH, where Debian puts them, or, as root, installed from Debian's package now. Null
    /// where there are none; the test is then left out and says so.
    /// </summary>
    public static async Task<string?> FindAsync()
    {
        await Finding.WaitAsync(TimeSpan.FromMinutes(5));
        try
        {
            if (Found() is null && IsRoot && File.Exists("/usr/bin/apt-get"))
            {
                // The package would start a server of its own; nobody asked for that one.
                await RunAsync("/bin/sh", ["-c", "mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf && apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends postgresql"]);
            }

            return Found();
        }
        finally
        {
            Finding.Release();
        }
    }

    /// <summary>Makes a cluster and starts it.</summary>
    /// <param name="programs">What <see cref="FindAsync"/> found.</param>
    public static async Task<PostgresServer> StartAsync(string programs)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-postgres-").FullName;
        var server = new PostgresServer(programs, folder);
        if (IsRoot)
        {
            await RunAsync("chown", [Super, folder]);      // it refuses to run as root
        }

        await RunAsync(server.Start("initdb", "--pgdata", server.Data, "--username", Super, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"));
        await File.WriteAllTextAsync(Path.Combine(server.Data, "pg_hba.conf"), $"host all {Super} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>A new database that only its own new user can log in to; the answer is its <c>DATABASE_URL</c>.</summary>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await ExecuteAsync($"create role \"{name}\" login password '{name}-secret'");
        await ExecuteAsync($"create database \"{name}\" owner \"{name}\" template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US'");
        await ExecuteAsync($"revoke connect on database \"{name}\" from public");
        return $"postgresql://{name}:{name}-secret@127.0.0.1:{Port}/{name}";
    }

    /// <summary>Runs something as the administrator, in a database or in none of the services'.</summary>
    public async Task<object?> ExecuteAsync(string sql, string database = Super)
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username={Super};Database={database};Pooling=false;Timeout=5;GssEncryptionMode=Disable");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Ends sessions by <c>pg_terminate_backend</c>; the condition is about <c>pg_stat_activity</c>.</summary>
    public async Task<long> EndSessionsAsync(string where) =>
        (long)(await ExecuteAsync($"select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and {where}"))!;

    /// <summary>Makes every insert into the logs of a database fail that does not hold the commit lock, also where the tables come later.</summary>
    public Task AssertCommitLockAsync(string database, string schema = "public") => ExecuteAsync(
        $"""
        create or replace function "{schema}".assert_commit_lock() returns trigger language plpgsql as $f$
        begin
            if not exists (select 1 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted
                           and classid = {PostgresLocks.CommitKind} and objid = {unchecked((uint)PostgresLocks.KeyOf(schema))}) then
                raise exception 'a position was drawn without the commit lock';
            end if;
            return null;
        end $f$;
        create or replace trigger asserts before insert on "{schema}".es_event for each statement execute function "{schema}".assert_commit_lock();
        create or replace trigger asserts before insert on "{schema}".bus_outbox for each statement execute function "{schema}".assert_commit_lock();
        """,
        database);

    /// <summary>SIGKILL of the server, as a crash of the machine would be; sessions end with it.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await EndedAsync();
    }

    /// <summary>Stops it as an administrator does who does not wait for clients.</summary>
    public async Task StopAsync()
    {
        _ = Kill(_process!.Id, Sigint);
        await EndedAsync();
    }

    /// <summary>Starts it on what it left, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        // After a SIGKILL its children go on for a moment, and a new server is refused as long as they do.
        await Eventually.HoldsAsync(async () =>
        {
            if (_process is null or { HasExited: true })
            {
                _process?.Dispose();
                _process = Launch();
            }

            return await AnswersAsync();
        }, $"PostgreSQL listens on {Port}", Patience);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await StopAsync();
        }

        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private static string? Found() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")) : [])
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));

    private Process Launch()
    {
        var process = new Process
        {
            StartInfo = Start(
                "postgres", "-D", Data, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on",
                "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "max_wal_size=256MB"),
        };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await ExecuteAsync("select 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;       // not yet
        }
    }

    private async Task EndedAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process!.WaitForExitAsync(deadline.Token);
    }

    private void Keep(string? line)
    {
        if (line is not null && _said.Count < 1000)
        {
            _said.Enqueue(line);
        }
    }

    private ProcessStartInfo Start(string program, params IEnumerable<string> arguments)
    {
        var path = Path.Combine(_programs, program);
        var start = IsRoot
            ? new ProcessStartInfo("setpriv", ["--reuid", Super, "--regid", Super, "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.UseShellExecute = false;
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, _folder);
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static Task RunAsync(string program, IEnumerable<string> arguments) =>
        RunAsync(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });

    private static async Task RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
        await process.WaitForExitAsync(deadline.Token);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}:\n{string.Concat(said)}");
        }
    }

    // .NET's Process.Kill is SIGKILL.
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int id, int signal);
}
