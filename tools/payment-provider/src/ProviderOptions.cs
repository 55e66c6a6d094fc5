using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Argosy.PaymentProvider;

/// <summary>Validated settings, all from the environment.</summary>
/// <param name="Webhook">Where events go and what signs them; null: nobody is told.</param>
internal sealed record ProviderOptions(IPAddress Host, int Port, string Database, string ApiKey, WebhookTarget? Webhook, Knobs Knobs)
{
    public static ProviderOptions FromEnvironment(Func<string, string?> variable) => new(
        Address(variable("SERVICE_HOST") is { Length: > 0 } host ? host : "127.0.0.1"),
        PortNumber(variable("SERVICE_PORT") is { Length: > 0 } port ? port : "5190"),
        DatabasePath(variable("DATABASE_URL"), variable("DATA_DIR")),
        Secret(variable, "PROVIDER_API_KEY"),
        Target(variable),
        Knobs.FromEnvironment(variable));

    /// <summary>Finds out now, in one sentence, what Kestrel would tell in forty lines.</summary>
    public void RequireFreePort()
    {
        using var probe = new Socket(Host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(Host, Port));
        }
        catch (SocketException e)
        {
            throw new ConfigurationException("SERVICE_PORT", $"{Port} can't be listened on at {Host}: {e.Message}; stop who has it, or choose another port");
        }
    }

    private static IPAddress Address(string text) => text switch
    {
        "localhost" => IPAddress.Loopback,
        "*" or "+" => IPAddress.Any,
        _ when IPAddress.TryParse(text, out var address) => address,
        _ => throw new ConfigurationException("SERVICE_HOST", $"is '{text}'; give an IP address, such as 127.0.0.1 or 0.0.0.0"),
    };

    private static int PortNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 0 and <= 65535
            ? port
            : throw new ConfigurationException("SERVICE_PORT", $"is '{text}'; give a port from 0 to 65535");

    private static string DatabasePath(string? url, string? directory) => url switch
    {
        null or "" => Path.Combine(directory is { Length: > 0 } ? directory : ".argosy/services/payment-provider", "payment-provider.db"),
        _ when url.StartsWith("sqlite:", StringComparison.Ordinal) && url.Length > "sqlite:".Length => url["sqlite:".Length..],
        _ => throw new ConfigurationException("DATABASE_URL", "names no SQLite file; give sqlite:PATH (the emulator keeps its books in nothing else)"),
    };

    private static WebhookTarget? Target(Func<string, string?> variable)
    {
        if (variable("PROVIDER_WEBHOOK_URL") is not { Length: > 0 } text)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? new(url, Secret(variable, "PROVIDER_WEBHOOK_SECRET"))
            : throw new ConfigurationException("PROVIDER_WEBHOOK_URL", $"is '{text}'; give an absolute http or https URL, or leave it out");
    }

    private static string Secret(Func<string, string?> variable, string name) => variable(name) switch
    {
        { Length: >= 16 } secret => secret,
        null or "" => throw new ConfigurationException(name, "is missing; give a random text of 16 characters or more"),
        var secret => throw new ConfigurationException(name, $"has {secret.Length} characters; give a random text of 16 or more"),
    };
}

/// <summary>An endpoint that is told of events, and the secret that signs them.</summary>
internal sealed record WebhookTarget(Uri Url, string Secret);

/// <summary>A setting that stops the start.</summary>
internal sealed class ConfigurationException(string variable, string complaint) : Exception($"argosy: payment-provider: {variable} {complaint}");
