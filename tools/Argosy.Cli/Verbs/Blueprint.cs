using Argosy.Cli.Engines;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>A fleet before it starts: what it stands on, and who belongs to it.</summary>
internal sealed record Blueprint(EngineSet Engines, IReadOnlyList<ProcessPlan> Plans)
{
    /// <summary>Makes what has to be there before anyone starts. The caller holds the folder's lock.</summary>
    public static async Task<Blueprint> DrawAsync(Repository repository, UpOptions options, CancellationToken ct)
    {
        File.Delete(options.Data.Databases);
        var engines = Find(repository, options);
        await engines.PrepareAsync(ct);
        return new Blueprint(engines, Plan(repository, options, engines));
    }

    private static EngineSet Find(Repository repository, UpOptions options)
    {
        if (options.Engines is not { } wanted)
        {
            return EngineSet.None;
        }

        var services = Catalog.Read(repository).Where(e => e.Name is not (Catalog.Gateway or Catalog.Provider)).Select(e => e.Name);
        return EngineSet.Find(wanted, new EngineFolder(options.Data, [.. services], name => Ports.Free([name])[name]), repository);
    }

    private static IReadOnlyList<ProcessPlan> Plan(Repository repository, UpOptions options, EngineSet engines)
    {
        var catalog = Catalog.Read(repository);
        var instances = ServiceInstance.Of(catalog, options.Instances);
        if (instances.Count > catalog.Count && engines is not { HasDatabase: true, HasBroker: true })
        {
            throw new Refusal(engines.HasDatabase
                ? "several instances need RabbitMQ: the push bus serves one instance of each service; to have it: apt-get install rabbitmq-server"
                : "several instances need --engines with PostgreSQL and RabbitMQ: a SQLite file belongs to one process, and the push bus serves one instance");
        }

        var ports = options.Isolated ? Ports.Free(instances.Select(instance => instance.Name)) : Ports.Usual(instances);
        var keys = Keys.Ensure(options.Data, catalog.Where(e => e.Name != Catalog.Provider).Select(e => e.Name));
        var plans = new RuntimeContract(repository, options.Data, keys, instances, ports, engines, options.NoLimits).Plans();
        Ports.EnsureFree(plans);
        return plans;
    }
}
