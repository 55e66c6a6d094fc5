using System.Security.Cryptography;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Auth;

/// <summary>
/// <c>MASTER_KEY_FILE</c>: the secret by which private keys are encrypted on disk, all bytes of the file. Whoever has a backup of the data
/// folder, and not this file, cannot sign.
/// </summary>
internal sealed class MasterKey(ReadOnlyMemory<byte> secret)
{
    private const int LeastBytes = 32;
    private const string PlainLabel = "PRIVATE KEY";
    private const string EncryptedLabel = "ENCRYPTED PRIVATE KEY";

    // Iterations slow down who guesses a password. This secret is random and longer than anybody can guess, so few are enough: 2,048 is
    // what OpenSSL writes, and what a look at the folder can afford.
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterationCount: 2_048);

    /// <summary>Null where none is given; what is wrong with one that is, is noted in <paramref name="settings"/>.</summary>
    public static MasterKey? Read(Settings settings)
    {
        const string Variable = "MASTER_KEY_FILE";
        if (settings.Text(Variable) is not { } path)
        {
            return null;
        }

        try
        {
            var secret = File.ReadAllBytes(path);
            if (SecretFile.IsOpenToOthersThanTheGroup(path))
            {
                settings.Refuse(Variable, $"is '{path}', which others than its owner and group may read, or others than its owner change: chmod 640 it, or make another if somebody may have.");
            }
            else if (secret.Length < LeastBytes)
            {
                settings.Refuse(Variable, $"is '{path}', which holds {secret.Length} bytes: name a file with at least {LeastBytes} random ones (head -c {LeastBytes} /dev/urandom).");
            }

            return new MasterKey(secret);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(Variable, $"is '{path}', which cannot be read: {e.Message}");
            return null;
        }
    }

    public static bool Encrypted(string pem) => pem.StartsWith($"-----BEGIN {EncryptedLabel}-----", StringComparison.Ordinal);

    /// <summary>The key in PEM; encrypted, if there is a master key.</summary>
    public static string Write(AsymmetricAlgorithm key, MasterKey? master) => master is null
        ? PemEncoding.WriteString(PlainLabel, key.ExportPkcs8PrivateKey())
        : PemEncoding.WriteString(EncryptedLabel, key.ExportEncryptedPkcs8PrivateKey(master.Secret, Encryption));

    /// <summary>Reads what <see cref="Write"/> wrote, with or without a master key, or a private key of another origin.</summary>
    /// <exception cref="FormatException">It is encrypted, and there is no master key, or not the right one.</exception>
    /// <exception cref="ArgumentException">It is no PEM of a private key.</exception>
    /// <exception cref="CryptographicException">It is no key of this kind.</exception>
    public static void Read(AsymmetricAlgorithm key, string pem, MasterKey? master)
    {
        if (!Encrypted(pem))
        {
            key.ImportFromPem(pem);
            _ = key.ExportPkcs8PrivateKey();    // throws where there is only a public half
            return;
        }

        if (master is null)
        {
            throw new FormatException("which is encrypted: let MASTER_KEY_FILE name the file with the secret that opens it.");
        }

        try
        {
            key.ImportFromEncryptedPem(pem, master.Secret);
        }
        catch (CryptographicException e)
        {
            throw new FormatException("which the secret in MASTER_KEY_FILE does not open: let it name the file with the one that it was encrypted by.", e);
        }
    }

    private ReadOnlySpan<byte> Secret => secret.Span;
}
