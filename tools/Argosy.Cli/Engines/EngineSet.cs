using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>The servers that a fleet stands on, and those that it would stand on if they were here.</summary>
/// <param name="All">Found, in the order in which they are told of.</param>
/// <param name="Missing">A sentence for each that isn't here: what stands in for it, and what installs it.</param>
internal sealed record EngineSet(IReadOnlyList<IEngine> All, IReadOnlyList<string> Missing)
{
    /// <summary>Embedded defaults.</summary>
    public static EngineSet None { get; } = new([], []);

    public bool HasDatabase => All.Any(engine => engine is PostgresEngine);

    public bool HasBroker => All.Any(engine => engine is RabbitEngine);

    /// <summary>What is said of them at the start.</summary>
    public EngineNote Note => new(Description, Missing);

    private string Description => All.Count == 0 ? "embedded: SQLite, push bus"
        : $"{string.Join(", ", All.Select(engine => engine.Title))}{(HasDatabase ? "" : ", SQLite")}{(HasBroker ? "" : ", push bus")}";

    public static EngineSet Find(EngineFolder folder, Repository repository)
    {
        var (all, missing) = (new List<IEngine>(), new List<string>());
        Look(PostgresEngine.Find(folder), "PostgreSQL", "postgresql", "services keep SQLite");
        Look(RabbitEngine.Find(folder, repository), "RabbitMQ", "rabbitmq-server", "services push to each other, which serves one instance of each");
        Look(RedisEngine.Find(folder), "Redis", "redis-server", "services cache each for itself");
        return new EngineSet(all, missing);

        void Look(IEngine? engine, string title, string package, string instead)
        {
            if (engine is not null)
            {
                all.Add(engine);
            }
            else
            {
                missing.Add($"{title} isn't here, so {instead}; to have it: apt-get install {package}");
            }
        }
    }

    public async Task PrepareAsync(CancellationToken ct)
    {
        foreach (var engine in All)
        {
            await engine.PrepareAsync(ct);
        }
    }

    public Task ProvisionAsync(CancellationToken ct) => Task.WhenAll(All.Select(engine => engine.ProvisionAsync(ct)));
}
