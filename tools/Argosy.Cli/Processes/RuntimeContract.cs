using Argosy.Cli.Engines;

namespace Argosy.Cli.Processes;

/// <summary>What every process is given: its environment, and nothing by any other way.</summary>
internal sealed class RuntimeContract(
    Repository repository, DataFolder data, Keys keys, IReadOnlyList<ServiceInstance> instances, IReadOnlyDictionary<string, int> ports, EngineSet engines,
    bool noLimits = false)
{
    // Where another instance takes over, it must be known that this one goes: those who ask look every half second.
    private const string DrainSeconds = "2";

    public IReadOnlyList<ProcessPlan> Plans() => [.. engines.All.Select(engine => engine.Plan), .. instances.Select(Plan)];

    private ProcessPlan Plan(ServiceInstance instance)
    {
        var assembly = repository.Assembly(instance.Entry.Project);
        if (!File.Exists(assembly))
        {
            throw new Refusal($"{instance.Entry.Name} isn't built: {assembly} is missing; run ./argosy up without --no-build");
        }

        return new ProcessPlan(instance.Name, [DotnetHost.Path, assembly], ports[instance.Name], data.Of(instance.Entry.Name), Environment(instance));
    }

    private Dictionary<string, string?> Environment(ServiceInstance instance)
    {
        var entry = instance.Entry;
        var folder = data.Of(entry.Name);       // of the service: its instances share what it keeps
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["SERVICE_NAME"] = entry.Name,
            ["SERVICE_PORT"] = $"{ports[instance.Name]}",
            ["SERVICE_HOST"] = "127.0.0.1",
            ["SERVICE_VERSION"] = Product.Version,
            ["SERVICE_ENDPOINTS"] = string.Join(',', instances.Select(i => $"{i.Entry.Name}={Url(i.Name)}")),
            ["ARGOSY_PROFILE"] = "local",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["DATA_DIR"] = folder,
            ["DATABASE_URL"] = $"sqlite:{Path.Combine(folder, entry.Name + ".db")}",
            ["BUS_KEYS"] = keys.BusFolder,
            ["JWT_ISSUER"] = Url(Catalog.Gateway),

            // Processes of one machine talk to each other directly, whatever proxy the shell has for the rest of the world.
            ["NO_PROXY"] = Unproxied("NO_PROXY"),
            ["no_proxy"] = Unproxied("no_proxy"),
            // The collector's youngest generation is as large as the processor's last-level cache, which on a server is huge: nine
            // processes would each keep 100 MB of garbage. 4 MiB, in hex; runtimeconfig.json has no name for it.
            ["DOTNET_GCgen0size"] = System.Environment.GetEnvironmentVariable("DOTNET_GCgen0size") ?? "400000",
            // One arena of the C library for all threads: nine processes hold 24 MB less, and SQLite allocates one at a time anyway.
            ["MALLOC_ARENA_MAX"] = System.Environment.GetEnvironmentVariable("MALLOC_ARENA_MAX") ?? "1",
            // Code pages that are never writable and executable at once (W^X) cost a fifth of every start. They make a flaw in native code harder to use;
            // on loopback, with an owner's own orders, starts are worth more. The images keep it, and so does whoever sets it to 1.
            ["DOTNET_EnableWriteXorExecute"] = System.Environment.GetEnvironmentVariable("DOTNET_EnableWriteXorExecute") ?? "0",
            // Nobody changes appsettings.json under a running process, and a watch on its folder hears of every write of the database.
            ["DOTNET_hostBuilder__reloadConfigOnChange"] = "false",
            ["ASPNETCORE_URLS"] = null,
            ["ASPNETCORE_HTTP_PORTS"] = null,
        };
        if (instances.Count(other => other.Entry == entry) > 1)
        {
            environment["DRAIN_SECONDS"] = DrainSeconds;
        }

        AddOwn(entry.Name, environment);
        foreach (var engine in engines.All)
        {
            engine.Tell(entry.Name, environment);
        }

        return environment;
    }

    private void AddOwn(string name, Dictionary<string, string?> environment)
    {
        switch (name)
        {
            case Catalog.Gateway:
                environment["API_ROUTES"] = repository.Routes;
                environment["API_LIMITS"] = repository.Limits;
                environment["RATE_LIMITS"] = noLimits ? "off" : "on";
                environment["CLIENT_KEYS"] = keys.ClientsFolder;
                break;
            case "payment-service":
                environment["STRIPE_API_BASE"] = Url(Catalog.Provider);
                environment["STRIPE_API_KEY"] = keys.ProviderApiKey;
                environment["STRIPE_WEBHOOK_SECRET"] = keys.ProviderWebhookSecret;
                break;
            case Catalog.Provider:
                environment["PROVIDER_API_KEY"] = keys.ProviderApiKey;
                environment["PROVIDER_WEBHOOK_URL"] = Url("payment-service") + "/webhooks/stripe";
                environment["PROVIDER_WEBHOOK_SECRET"] = keys.ProviderWebhookSecret;
                break;
        }
    }

    private static string Unproxied(string variable) =>
        string.Join(',', new[] { System.Environment.GetEnvironmentVariable(variable), "127.0.0.1", "localhost" }.Where(v => !string.IsNullOrEmpty(v)));

    private string Url(string name) => $"http://127.0.0.1:{ports[name]}";
}
