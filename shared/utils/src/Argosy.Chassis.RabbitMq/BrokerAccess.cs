using System.Text.RegularExpressions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// What a service's user may do on the broker (https://www.rabbitmq.com/docs/access-control): make, bind and read queues of its own
/// name, publish the types that it publishes, bind the types that it handles. The exchange is there for it, it may not change it.
/// </summary>
/// <param name="Configure">What it may declare and delete.</param>
/// <param name="Write">What it may publish to, and bind queues to.</param>
/// <param name="Read">What it may consume, and bind to.</param>
/// <param name="Publish">Routing keys with which it may publish to the exchange.</param>
/// <param name="Bind">Routing keys for which it may bind a queue to the exchange.</param>
internal sealed record BrokerAccess(string Configure, string Write, string Read, string Publish, string Bind)
{
    private const string Nothing = "^$";

    /// <summary>By what the catalogue says of the service.</summary>
    public static BrokerAccess Of(string service, IReadOnlyList<string> publishes, IReadOnlyList<string> handles)
    {
        var own = $@"^{Regex.Escape(service)}\.";
        var both = $@"^({Topology.Exchange}$|{Regex.Escape(service)}\.)";
        return new BrokerAccess(own, both, both, Routes(publishes), Routes(handles));
    }

    private static string Routes(IReadOnlyList<string> types) =>
        types.Count == 0 ? Nothing : $@"^({string.Join('|', types.Select(Regex.Escape))})\.[0-{Topology.Partitions - 1}]$";
}
