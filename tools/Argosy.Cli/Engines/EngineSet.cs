using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>The servers that a fleet stands on, and those that it would stand on if they were here.</summary>
/// <param name="All">Found, in the order in which they are told of.</param>
/// <param name="Missing">A sentence for each that isn't here: what stands in for it, and what installs it.</param>
internal sealed record EngineSet(IReadOnlyList<IEngine> All, IReadOnlyList<string> Missing)
{
    /// <summary>All that there are.</summary>
    public const string Everything = "all";

    /// <summary>Embedded defaults.</summary>
    public static EngineSet None { get; } = new([], []);

    public bool HasDatabase => All.Any(engine => engine is PostgresEngine);

    public bool HasBroker => All.Any(engine => engine is RabbitEngine);

    /// <summary>What is said of them at the start.</summary>
    public EngineNote Note => new(Description, Missing);

    private string Description => All.Count == 0 ? "embedded: SQLite, push bus"
        : $"{string.Join(", ", All.Select(engine => engine.Title))}{(HasDatabase ? "" : ", SQLite")}{(HasBroker ? "" : ", push bus")}";

    /// <summary>Debian's packages of those that aren't here.</summary>
    public static IReadOnlyList<string> MissingPackages() =>
    [
        .. PostgresEngine.Programs is null ? ["postgresql"] : Array.Empty<string>(),
        .. RabbitEngine.Program is null ? ["rabbitmq-server"] : Array.Empty<string>(),
        .. RedisEngine.Program is null ? ["redis-server"] : Array.Empty<string>(),
    ];

    /// <summary>Looks for those that are wanted: <see cref="Everything"/>, or their names, separated by commas.</summary>
    public static EngineSet Find(string wanted, EngineFolder folder, Repository repository)
    {
        string[] names = [PostgresEngine.Name, RabbitEngine.Name, RedisEngine.Name];
        var chosen = wanted == Everything ? names : wanted.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (chosen.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
        {
            throw new Refusal($"--engines names '{unknown}', and knows {string.Join(", ", names)}", ExitCodes.Usage);
        }

        var (all, missing) = (new List<IEngine>(), new List<string>());
        Look(PostgresEngine.Name, () => PostgresEngine.Find(folder), "PostgreSQL", "postgresql", "services keep SQLite");
        Look(RabbitEngine.Name, () => RabbitEngine.Find(folder, repository), "RabbitMQ", "rabbitmq-server", "services push to each other, which serves one instance of each");
        Look(RedisEngine.Name, () => RedisEngine.Find(folder), "Redis", "redis-server", "services cache each for itself");
        return new EngineSet(all, missing);

        void Look(string name, Func<IEngine?> find, string title, string package, string instead)
        {
            if (!chosen.Contains(name))
            {
                return;
            }

            if (find() is { } engine)
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
