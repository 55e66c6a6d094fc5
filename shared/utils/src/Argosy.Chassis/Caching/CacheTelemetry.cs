using System.Diagnostics.Metrics;

namespace Argosy.Chassis.Caching;

internal static class CacheTelemetry
{
    private const string Level = "argosy.cache.level";

    private static readonly Meter Meter = new("Argosy.Cache");

    private static readonly Counter<long> Lookups = Meter.CreateCounter<long>("argosy.cache.lookups", "{lookup}", "Looks into a level of the cache: hit, miss, or away where the shared level did not answer.");

    private static readonly Counter<long> Loads = Meter.CreateCounter<long>("argosy.cache.loads", "{load}", "Values that had to be loaded from where they are kept.");

    private static readonly Counter<long> Invalidations = Meter.CreateCounter<long>("argosy.cache.invalidations", "{name}", "Names invalidated: by us in our memory (local), told to the shared level (shared), heard from there (heard).");

    public static void LookedUp(string level, string result) => Lookups.Add(1, new(Level, level), new KeyValuePair<string, object?>("argosy.cache.result", result));

    public static void Loaded(string outcome) => Loads.Add(1, new KeyValuePair<string, object?>("argosy.cache.outcome", outcome));

    public static void Invalidated(string level, int names = 1) => Invalidations.Add(names, new KeyValuePair<string, object?>(Level, level));
}
