using System.Text.Encodings.Web;
using System.Text.Json;
using Argosy.Chassis.RabbitMq;

namespace Argosy.Chassis.Hosting.Bus;

/// <summary>
/// RabbitMQ's definitions by the catalogue: a user for each service, with what it may do, and the exchange. The users have no password
/// and so cannot log in: whoever sets up a broker fills in hashes of secrets that are not in the repository.
/// </summary>
public static class BrokerDefinitions
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The definitions for one virtual host, as <c>rabbitmqctl import_definitions</c> reads them.</summary>
    public static string Write(Catalog catalog, string virtualHost)
    {
        var users = catalog.Entries.Where(entry => entry.Publishes.Count + entry.Handles.Count > 0).OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => (entry.Name, Access: BrokerAccess.Of(entry.Name, entry.Publishes, entry.Handles))).ToList();
        return JsonSerializer.Serialize(new
        {
            vhosts = new[] { new { name = virtualHost } },
            users = users.Select(user => new { name = user.Name, password_hash = "", hashing_algorithm = "rabbit_password_hashing_sha256", tags = "" }),
            permissions = users.Select(user => new
            {
                user = user.Name,
                vhost = virtualHost,
                configure = user.Access.Configure,
                write = user.Access.Write,
                read = user.Access.Read,
            }),
            topic_permissions = users.Select(user => new { user = user.Name, vhost = virtualHost, exchange = Topology.Exchange, write = user.Access.Publish, read = user.Access.Bind }),
            exchanges = new[] { new { name = Topology.Exchange, vhost = virtualHost, type = "topic", durable = true, auto_delete = false, @internal = false, arguments = new { } } },
        }, Json) + "\n";
    }
}
