using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Nemesis;

/// <summary>Links have bad weather.</summary>
/// <param name="What">The weather in a word or two.</param>
/// <param name="Where">Which links.</param>
/// <param name="Weather">How they are meanwhile.</param>
internal sealed record BadWeather(string What, IReadOnlyList<LinkName> Where, Weather Weather) : IFault
{
    public string Whom => LinkFaults.Describe(Where);

    public IReadOnlyList<string> Touches => [.. Where.Select(link => link.ToString())];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        Set(fleet, Weather);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, end);
        }
        finally
        {
            Set(fleet, Weather.Fair);
        }
    }

    private void Set(LabFleet fleet, Weather weather)
    {
        foreach (var link in Where)
        {
            fleet.Links!.All[link].Weather = weather;
        }
    }
}

/// <summary>Again and again whatever is open is reset.</summary>
internal sealed record Resets(IReadOnlyList<LinkName> Where, TimeSpan Between) : IFault
{
    public string What => "resets";

    public string Whom => LinkFaults.Describe(Where);

    public IReadOnlyList<string> Touches => [.. Where.Select(link => link.ToString())];

    public Task InflictAsync(LabFleet fleet, CancellationToken end) => LinkFaults.AgainAndAgainAsync(fleet, Where, Between, proxy => proxy.Reset(), end);
}

/// <summary>Again and again one direction of whatever is open ends, and the other goes on.</summary>
internal sealed record HalfCloses(IReadOnlyList<LinkName> Where, bool There, TimeSpan Between) : IFault
{
    public string What => $"half-close {(There ? "requests" : "answers")}";

    public string Whom => LinkFaults.Describe(Where);

    public IReadOnlyList<string> Touches => [.. Where.Select(link => link.ToString())];

    public Task InflictAsync(LabFleet fleet, CancellationToken end) => LinkFaults.AgainAndAgainAsync(fleet, Where, Between, proxy => proxy.HalfClose(There), end);
}

internal static class LinkFaults
{
    public static string Describe(IReadOnlyList<LinkName> links) => links.Count == 1 ? $"{links[0]}"
        : links.Select(l => l.From).Distinct(StringComparer.Ordinal).Count() == 1 ? $"{links[0].From}→all"
        : links.Select(l => l.To).Distinct(StringComparer.Ordinal).Count() == 1 ? $"all→{links[0].To}"
        : $"{links.Count} links";

    public static async Task AgainAndAgainAsync(LabFleet fleet, IReadOnlyList<LinkName> links, TimeSpan between, Action<TcpProxy> act, CancellationToken end)
    {
        while (true)
        {
            foreach (var link in links)
            {
                act(fleet.Links!.All[link]);
            }

            await Task.Delay(between, end);
        }
    }
}
