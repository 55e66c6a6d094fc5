using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>RabbitMQ: a user for each service, who may publish what it publishes and read its own queues (infrastructure/rabbitmq/definitions.json).</summary>
internal sealed class RabbitEngine : IEngine
{
    public const string Name = "rabbitmq";
    private const string Host = "argosy";
    private readonly EngineFolder _folder;
    private readonly string _definitions;

    private RabbitEngine(EngineFolder folder, Repository repository, string program)
    {
        _folder = folder;
        _definitions = Path.Combine(repository.Root, "infrastructure", "rabbitmq", "definitions.json");
        var (port, home) = (folder.Port(Name), folder.Of(Name));
        Plan = new ProcessPlan(Name, ForeignProgram.Leashed("TERM", "/bin/sh", "-c", NamesAndNode, program), port, home, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["HOME"] = home,        // where Erlang keeps the cookie by which nodes know each other
            ["RABBITMQ_NODENAME"] = "argosy@localhost",
            ["RABBITMQ_DIST_PORT"] = $"{folder.Port("rabbitmq-distribution")}",
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(home, "data"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(home, "log"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(home, "rabbitmq.conf"),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(home, "plugins"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(home, "pid"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+sbwt none",
            ["ERL_EPMD_PORT"] = $"{folder.Port("rabbitmq-names")}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        })
        { IsEngine = true };
    }

    // Erlang's name server is started by whichever node comes first, and outlives it. Started here, it ends with the node.
    private const string NamesAndNode =
        """
        epmd & names=$!
        for try in 1 2 3 4 5 6 7 8 9 10; do epmd -names >/dev/null 2>&1 && break; sleep 0.1; done
        "$0" & node=$!
        trap 'kill -TERM $node 2>/dev/null' TERM
        while :; do wait $node; code=$?; kill -0 $node 2>/dev/null || break; done
        kill $names 2>/dev/null
        exit $code
        """;

    public string Title => "RabbitMQ";

    public ProcessPlan Plan { get; }

    /// <summary>Where it is; null where it isn't. Debian's on the PATH is a script that changes the user; the one behind it runs as whoever starts it.</summary>
    public static string? Program => ForeignProgram.Find("rabbitmq-server", "/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin");

    public static RabbitEngine? Find(EngineFolder folder, Repository repository) => Program is { } program ? new RabbitEngine(folder, repository, program) : null;

    public async Task PrepareAsync(CancellationToken ct)
    {
        DataFolder.CreatePrivate(Plan.Folder);
        await File.WriteAllTextAsync(Path.Combine(Plan.Folder, "plugins"), "[].\n", ct);
        SecretFile.Write(Path.Combine(Plan.Folder, "definitions.json"), Definitions());
        await File.WriteAllTextAsync(Path.Combine(Plan.Folder, "rabbitmq.conf"),
            $"""
            listeners.tcp.1 = 127.0.0.1:{Plan.Port}
            load_definitions = {Path.Combine(Plan.Folder, "definitions.json")}
            log.console = true
            log.console.level = warning
            log.file = false

            """, ct);
    }

    public Task ProvisionAsync(CancellationToken ct) => Task.CompletedTask;     // the node reads its definitions before it listens

    public void Tell(string service, Dictionary<string, string?> environment)
    {
        if (_folder.Services.Contains(service))
        {
            environment["RABBITMQ_URL"] = $"amqp://{service}:{_folder.PasswordOf(Name, service)}@127.0.0.1:{Plan.Port}/{Host}";
            environment["BUS_KEYS"] = null;
        }
    }

    private string Definitions()
    {
        var definitions = JsonNode.Parse(File.ReadAllText(_definitions))!;
        foreach (var user in definitions["users"]!.AsArray())
        {
            user!["password_hash"] = HashOf(_folder.PasswordOf(Name, (string)user["name"]!));
        }

        return definitions.ToJsonString();
    }

    // Four bytes of salt, and SHA-256 of salt and password (https://www.rabbitmq.com/docs/passwords).
    private static string HashOf(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(4);
        return Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }
}
