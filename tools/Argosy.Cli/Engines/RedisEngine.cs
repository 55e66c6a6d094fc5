using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>Redis, as a cache: nothing in it is kept, and nothing is lost with it.</summary>
internal sealed class RedisEngine : IEngine
{
    public const string Name = "redis";
    private const string Command = "redis-server";
    private readonly EngineFolder _folder;
    private readonly string _password;

    private RedisEngine(EngineFolder folder, string program)
    {
        _folder = folder;
        _password = folder.PasswordOf(Name, "argosy");
        Plan = new ProcessPlan(
            Name, ForeignProgram.Leashed("TERM", program, Path.Combine(folder.Of(Name), "redis.conf")), folder.Port(Name), folder.Of(Name),
            new Dictionary<string, string?>(StringComparer.Ordinal))
        { IsEngine = true };
    }

    public string Title => "Redis";

    public ProcessPlan Plan { get; }

    /// <summary>Where it is; null where it isn't.</summary>
    public static string? Program => ForeignProgram.Find(Command, "/usr/sbin");

    public static RedisEngine? Find(EngineFolder folder) => Program is { } program ? new RedisEngine(folder, program) : null;

    public Task PrepareAsync(CancellationToken ct)
    {
        DataFolder.CreatePrivate(Plan.Folder);
        SecretFile.Write(Path.Combine(Plan.Folder, "redis.conf"),
            $"""
            bind 127.0.0.1
            port {Plan.Port}
            requirepass {_password}
            dir {Plan.Folder}
            save ""
            appendonly no
            maxmemory 64mb
            maxmemory-policy allkeys-lru

            """);
        return Task.CompletedTask;
    }

    public Task ProvisionAsync(CancellationToken ct) => Task.CompletedTask;

    public void Tell(string service, Dictionary<string, string?> environment) =>
        environment["REDIS_URL"] = $"redis://:{_password}@127.0.0.1:{Plan.Port}";
}
