namespace Argosy.Chassis.RabbitMq;

/// <summary>Where the broker is, and who this service is there, from <c>RABBITMQ_URL</c> (https://www.rabbitmq.com/docs/uri-spec).</summary>
/// <param name="Host">The broker's name or address.</param>
/// <param name="Port">5672, or 5671 with TLS, where the address names none.</param>
/// <param name="User">Each service has its own.</param>
/// <param name="Password">Never shown.</param>
/// <param name="VirtualHost"><c>/</c> where the address names none.</param>
/// <param name="Tls"><c>amqps</c>: the broker's certificate must be one that the operating system trusts, for <paramref name="Host"/>.</param>
public sealed record RabbitUrl(string Host, int Port, string User, string Password, string VirtualHost, bool Tls)
{
    private const string Form = "amqp://USER:PASSWORD@HOST:PORT/VHOST";
    private const int PlainPort = 5672;
    private const int TlsPort = 5671;

    /// <summary>Reads the text; the error goes on after the variable's name and never repeats it, for it holds a password.</summary>
    public static RabbitUrl? Parse(string text, out string? error)
    {
        error = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps"))
        {
            error = $"is no address of a broker: set it to {Form}, or amqps:// with TLS.";
        }
        else if (uri.Host.Length == 0 || uri.Port == 0)
        {
            error = $"names no host: set it to {Form}.";
        }
        else if (uri.UserInfo.Split(':') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            error = $"needs a user and a password, other characters than letters and digits percent-encoded: set it to {Form}.";
        }
        else if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.AbsolutePath.LastIndexOf('/') > 0)
        {
            error = $"takes nothing after the virtual host, and %2F for a slash in its name: set it to {Form}.";
        }

        return error is null ? Read(uri!) : null;
    }

    /// <summary>Without the password: for logs.</summary>
    public override string ToString() => $"{(Tls ? "amqps" : "amqp")}://{User}@{Host}:{Port}/{Uri.EscapeDataString(VirtualHost)}";

    private static RabbitUrl Read(Uri uri)
    {
        var tls = uri.Scheme == "amqps";
        var login = uri.UserInfo.Split(':');
        var virtualHost = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
        return new RabbitUrl(
            uri.DnsSafeHost,
            uri.Port > 0 ? uri.Port : tls ? TlsPort : PlainPort,
            Uri.UnescapeDataString(login[0]),
            Uri.UnescapeDataString(login[1]),
            virtualHost.Length == 0 ? "/" : virtualHost,
            tls);
    }
}
