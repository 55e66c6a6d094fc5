using System.Net;
using System.Reflection;
using Argosy.Chassis.RabbitMq;

namespace Argosy.Chassis.Hosting;

/// <summary>What every process is told by its environment.</summary>
public sealed record ServiceOptions
{
    /// <summary>The service's name, from its own code.</summary>
    public required string Name { get; init; }

    /// <summary><c>SERVICE_VERSION</c>; the assembly's version when absent.</summary>
    public required string Version { get; init; }

    /// <summary><c>ARGOSY_PROFILE</c> is <c>local</c>: a laptop, with seeded data and no drain delay. <c>production</c> when absent.</summary>
    public required bool IsLocal { get; init; }

    /// <summary><c>DRAIN_SECONDS</c>: how long a process that is being stopped says that it is not ready and goes on, so that balancers notice; 5 s when absent, none on a laptop.</summary>
    public TimeSpan DrainDelay { get; init; }

    /// <summary><c>SERVICE_HOST</c>; 127.0.0.1 when absent.</summary>
    public required IPAddress Host { get; init; }

    /// <summary><c>SERVICE_PORT</c>; 8080 when absent, 0 for any free one.</summary>
    public required int Port { get; init; }

    /// <summary><c>METRICS_PORT</c>: <c>/metrics</c> is served there and not at the process's own port. Null when absent.</summary>
    public int? MetricsPort { get; init; }

    /// <summary><c>DATA_DIR</c>, the process's own folder; <c>.argosy/services/NAME</c> under the current one when absent.</summary>
    public required string DataDirectory { get; init; }

    /// <summary><c>DATABASE_URL</c>; a file in <see cref="DataDirectory"/> when absent and the profile is local, else null.</summary>
    public DatabaseUrl? Database { get; init; }

    /// <summary><c>SERVICE_ENDPOINTS</c>: <c>name=address</c>, separated by commas; a name that comes again has several instances. Null when absent.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Uri>>? Endpoints { get; init; }

    /// <summary><c>BUS_KEYS</c>: the folder with the keys that sign messages between services.</summary>
    public string? BusKeys { get; init; }

    /// <summary><c>RABBITMQ_URL</c>: messages go over this broker. Null where services push them to each other.</summary>
    public RabbitUrl? RabbitMq { get; init; }

    /// <summary><c>JWT_ISSUER</c>, as it stands in tokens, to the byte.</summary>
    public string? JwtIssuer { get; init; }

    /// <summary><c>JWT_PUBLIC_KEY_PATH</c>: a PEM file, instead of the issuer's key set.</summary>
    public string? JwtPublicKeyPath { get; init; }

    /// <summary><c>ARGOSY_EXIT_WITH_STDIN</c>: whoever started the process holds its standard input, and the end of it is the end of us.</summary>
    public bool ExitWithStdin { get; init; }

    /// <summary>
    /// Where the instances of another service are: its endpoints, or the name that compose and Kubernetes resolve; empty when the
    /// endpoints leave it out.
    /// </summary>
    public IReadOnlyList<Uri> AddressesOf(string service) =>
        Endpoints is null ? [new Uri($"http://{service}:8080")] : Endpoints.GetValueOrDefault(service) ?? [];

    /// <summary>As <see cref="AddressesOf"/>, for what one instance must be asked for; null when there is none.</summary>
    public Uri? AddressOf(string service) => AddressesOf(service) is [var first, ..] ? first : null;

    internal static ServiceOptions Read(Settings settings, string name)
    {
        if (settings.Text("SERVICE_NAME") is { } given && given != name)
        {
            settings.Refuse("SERVICE_NAME", $"is '{given}', but this program is {name}: start it with its own environment.");
        }

        var local = settings.Word("ARGOSY_PROFILE", "production", "local") == "local";
        var data = Path.GetFullPath(settings.Text("DATA_DIR") ?? Path.Combine(".argosy", "services", name));
        return new ServiceOptions
        {
            Name = name,
            Version = settings.Text("SERVICE_VERSION") ?? AssemblyVersion(),
            IsLocal = local,
            DrainDelay = TimeSpan.FromSeconds(settings.Number("DRAIN_SECONDS", otherwise: local ? 0 : 5, min: 0, max: 60)),
            Host = Address(settings),
            Port = settings.Number("SERVICE_PORT", otherwise: 8080, min: 0, max: 65535),
            MetricsPort = settings.Text("METRICS_PORT") is null ? null : settings.Number("METRICS_PORT", otherwise: 1, min: 1, max: 65535),
            DataDirectory = data,
            Database = ReadDatabase(settings) ?? (local ? new DatabaseUrl.InFile(Path.Combine(data, $"{name}.db")) : null),
            Endpoints = ReadEndpoints(settings),
            BusKeys = Existing(settings, "BUS_KEYS", "folder", Directory.Exists),
            RabbitMq = ReadRabbitMq(settings),
            JwtIssuer = settings.Address("JWT_ISSUER") is null ? null : settings.Text("JWT_ISSUER"),
            JwtPublicKeyPath = Existing(settings, "JWT_PUBLIC_KEY_PATH", "file", File.Exists),
            ExitWithStdin = settings.Flag("ARGOSY_EXIT_WITH_STDIN"),
        };
    }

    private static IPAddress Address(Settings settings)
    {
        var text = settings.Text("SERVICE_HOST");
        if (text is null or "localhost")
        {
            return IPAddress.Loopback;
        }

        if (IPAddress.TryParse(text, out var address))
        {
            return address;
        }

        settings.Refuse("SERVICE_HOST", $"is '{text}', and must be an IP address: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.");
        return IPAddress.Loopback;
    }

    private static DatabaseUrl? ReadDatabase(Settings settings)
    {
        if (settings.Text("DATABASE_URL") is not { } text)
        {
            return null;
        }

        var url = DatabaseUrl.Parse(text, out var error);
        if (error is not null)
        {
            settings.Refuse("DATABASE_URL", error);
        }

        return url;
    }

    private static RabbitUrl? ReadRabbitMq(Settings settings)
    {
        if (settings.Text("RABBITMQ_URL") is not { } text)
        {
            return null;
        }

        var url = RabbitUrl.Parse(text, out var error);
        if (error is not null)
        {
            settings.Refuse("RABBITMQ_URL", error);
        }

        return url;
    }

    private static Dictionary<string, IReadOnlyList<Uri>>? ReadEndpoints(Settings settings)
    {
        const string Variable = "SERVICE_ENDPOINTS";
        if (settings.Text(Variable) is not { } text)
        {
            return null;
        }

        var endpoints = new List<(string Name, Uri Address)>();
        foreach (var entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var parts = entry.Split('=', 2);
            if (parts.Length != 2 || parts[0].Length == 0 || !Settings.TryAddress(parts[1], out var address))
            {
                settings.Refuse(Variable, $"has the entry '{entry}', and takes entries such as user-service=http://127.0.0.1:5102, separated by commas.");
            }
            else if (endpoints.Contains((parts[0], address!)))
            {
                settings.Refuse(Variable, $"names {parts[0]} at {address} twice: leave one.");
            }
            else
            {
                endpoints.Add((parts[0], address!));
            }
        }

        // A list that cannot be read says nothing about what it lacks.
        return settings.Errors.Any(error => error.StartsWith(Variable, StringComparison.Ordinal)) ? null : endpoints
            .GroupBy(endpoint => endpoint.Name, endpoint => endpoint.Address, StringComparer.Ordinal)
            .ToDictionary(service => service.Key, service => (IReadOnlyList<Uri>)[.. service], StringComparer.Ordinal);
    }

    private static string? Existing(Settings settings, string variable, string kind, Predicate<string> exists)
    {
        if (settings.Text(variable) is not { } path)
        {
            return null;
        }

        if (!exists(path))
        {
            settings.Refuse(variable, $"is '{path}', and there is no such {kind}.");
        }

        return Path.GetFullPath(path);
    }

    private static string AssemblyVersion()
    {
        var version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return version?.Split('+')[0] ?? "0.0.0";
    }
}
