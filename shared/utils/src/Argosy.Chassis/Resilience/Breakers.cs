using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Resilience;

/// <summary>All breakers of this process, so that operators see them and every caller of a dependency shares one.</summary>
public sealed class Breakers(TimeProvider time, ILoggerFactory logs)
{
    private readonly ConcurrentDictionary<string, Breaker> _byName = new(StringComparer.Ordinal);

    /// <summary>The dependency's breaker; made on first use, and its options are those of the first use.</summary>
    public Breaker Of(string name, BreakerOptions? options = null) => _byName.GetOrAdd(
        name, static (n, a) => new Breaker(n, a.options ?? new(), a.time, a.logs.CreateLogger<Breaker>()), (options, time, logs));

    /// <summary>How they stand, by name.</summary>
    public IReadOnlyList<BreakerView> View() =>
        [.. _byName.Values.Select(b => b.View()).OrderBy(v => v.Name, StringComparer.Ordinal)];
}
