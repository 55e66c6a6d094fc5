using System.Security.Cryptography;
using System.Text;

namespace Argosy.Cli.Processes;

/// <summary>The keys and secrets of a fleet, made before anyone starts and kept under <c>DIR/keys</c>.</summary>
internal sealed class Keys
{
    private Keys(DataFolder data)
    {
        BusFolder = Path.Combine(data.Keys, "bus");
        ClientsFolder = Path.Combine(data.Keys, "clients");
        ProviderApiKey = SecretFile.ReadOrCreate(Path.Combine(data.Keys, "provider-api-key.txt"), "sk_test_");
        ProviderWebhookSecret = SecretFile.ReadOrCreate(Path.Combine(data.Keys, "provider-webhook-secret.txt"), "whsec_");
    }

    public string BusFolder { get; }

    /// <summary>What the gateway knows of clients: the hashes of their keys.</summary>
    public string ClientsFolder { get; }

    public string ProviderApiKey { get; }

    public string ProviderWebhookSecret { get; }

    /// <summary>Makes what is missing: a fleet that has run before keeps its keys, a new service gets its own.</summary>
    public static Keys Ensure(DataFolder data, IEnumerable<string> services)
    {
        var keys = new Keys(data);
        DataFolder.CreatePrivate(keys.BusFolder);
        foreach (var service in services)
        {
            EnsurePair(keys.BusFolder, service);
        }

        DataFolder.CreatePrivate(keys.ClientsFolder);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(SecretFile.ReadOrCreate(data.ClientKey)));
        SecretFile.Write(Path.Combine(keys.ClientsFolder, "demo.sha256"), Convert.ToHexStringLower(hash));
        return keys;
    }

    // The public half is written first, so a pair that was cut short is one without a private half, and is made anew.
    private static void EnsurePair(string folder, string service)
    {
        var secret = Path.Combine(folder, $"{service}.private.pem");
        if (File.Exists(secret))
        {
            return;
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SecretFile.Write(Path.Combine(folder, $"{service}.public.pem"), key.ExportSubjectPublicKeyInfoPem());
        SecretFile.Write(secret, key.ExportPkcs8PrivateKeyPem());
    }
}
