using Argosy.Chassis.Hosting;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Argosy.Gateway;

/// <summary>
/// Who may tell us on whose behalf they ask. X-Forwarded-For is believed from these alone: the right-most address in it that is none of
/// them is the client, and what stands to the left of it the client may have made up.
/// </summary>
internal static class TrustedProxies
{
    private const string Variable = "TRUSTED_PROXIES";

    /// <summary>Nobody is trusted where <c>TRUSTED_PROXIES</c> is absent.</summary>
    public static IReadOnlyList<IPNetwork> AddTrustedProxies(this ArgosyBuilder argosy)
    {
        var networks = new List<IPNetwork>();
        foreach (var entry in (argosy.Settings.Text(Variable) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IPNetwork.TryParse(entry, out var network))
            {
                networks.Add(network);
            }
            else
            {
                argosy.Settings.Refuse(Variable, $"has the entry '{entry}', and takes networks such as 10.0.0.0/8 or 192.0.2.7/32, separated by commas.");
            }
        }

        argosy.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = networks.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.ForwardLimit = null;
            options.KnownProxies.Clear();           // the framework's own belief in 127.0.0.1
            options.KnownIPNetworks.Clear();
            networks.ForEach(options.KnownIPNetworks.Add);
        });
        return networks;
    }
}
