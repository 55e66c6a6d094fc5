using System.Globalization;

namespace Argosy.Cli.Processes;

/// <summary>One process of a service: the first has the service's name and port, others a number and a free port.</summary>
/// <param name="Entry">The service.</param>
/// <param name="Number">From 1.</param>
internal sealed record ServiceInstance(CatalogEntry Entry, int Number)
{
    private const int Most = 8;     // as many as there are queues for a service

    public string Name => Number == 1 ? Entry.Name : $"{Entry.Name}-{Number}";

    /// <summary>One of each, and more where <paramref name="wanted"/> says so: <c>order-service=2,payment-service=2</c>.</summary>
    public static IReadOnlyList<ServiceInstance> Of(IReadOnlyList<CatalogEntry> catalog, string? wanted)
    {
        var counts = catalog.ToDictionary(entry => entry.Name, _ => 1, StringComparer.Ordinal);
        foreach (var part in (wanted ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [var name, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > Most)
            {
                throw new Refusal($"--instances has '{part}', and takes NAME=COUNT with a count from 1 to {Most}, such as order-service=2", ExitCodes.Usage);
            }

            if (!counts.ContainsKey(name) || name is Catalog.Gateway or Catalog.Provider)
            {
                throw new Refusal($"--instances names {name}; there can be several of {string.Join(", ", counts.Keys.Except([Catalog.Gateway, Catalog.Provider]))}", ExitCodes.Usage);
            }

            counts[name] = count;
        }

        return [.. catalog.SelectMany(entry => Enumerable.Range(1, counts[entry.Name]).Select(number => new ServiceInstance(entry, number)))];
    }
}
