using Argosy.Chassis;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// The keys on disk: <c>signing.pem</c> signs, <c>next.pem</c> is published until it may, <c>retired-KID.pem</c> is published until what
/// it signed has expired.
/// </summary>
/// <remarks>
/// Each step is one file appearing, replaced or renamed, and after each the folder is good: what signed is published. A key may be in
/// two places between two steps; it then counts where it is most needed, as signing before next before retired.
/// </remarks>
internal sealed partial class KeyFolder(KeyOptions options, TimeProvider time, ILogger<KeyFolder> log)
{
    private readonly Dictionary<string, SigningKey> _read = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    private string Signing => Path.Combine(options.Folder, "signing.pem");

    private string Next => Path.Combine(options.Folder, "next.pem");

    /// <summary>What a start does: makes what is missing, and finishes what an instance left that died between two steps.</summary>
    /// <remarks>
    /// 1. No signing key: the next one takes its place, or one is made. 2. Encrypt what is not, if there is a master key. 3. A next key of
    /// the algorithm that is asked for; where the signing one is for another, <see cref="KeyRotation"/> lets it sign as soon as everybody
    /// has it. 4. Delete what is old.
    /// </remarks>
    /// <exception cref="ConfigurationException">A key that is there cannot or should not be used, or the folder cannot.</exception>
    public KeySet Open()
    {
        try
        {
            if (!File.Exists(Signing) && !TakeOver())
            {
                SecretFile.Create(Signing, Make().ToText());
            }

            Encrypt();
            var keys = MakeNext();
            if (keys.Signing.Algorithm != options.Algorithm)
            {
                OtherAlgorithm(options.Algorithm, keys.Signing.Algorithm, keys.Next!.Id, options.PublishFor);
            }

            ForgetOld();
            return Read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"DATA_DIR must be a folder in which this service may keep its signing keys: {e.Message}");
        }
    }

    /// <summary>What is there. Next before signing before retired: a key that is moving meanwhile is then met at its old or its new place.</summary>
    /// <exception cref="ConfigurationException">A key cannot or should not be used.</exception>
    public KeySet Read()
    {
        lock (_gate)
        {
            var next = File.Exists(Next) ? ReadFile(Next) : null;
            var signing = ReadFile(Signing);
            var retired = RetiredFiles().Select(ReadFile).ToList();
            var keys = new KeySet(signing, next?.Id == signing.Id ? null : next, [.. retired.Where(key => key.Id != signing.Id && key.Id != next?.Id)]);
            foreach (var (text, _) in _read.Where(entry => !retired.Contains(entry.Value) && entry.Value != signing && entry.Value != next).ToList())
            {
                _read.Remove(text);
            }

            return keys;
        }
    }

    /// <summary>Copies the signing key to where the retired ones are. It goes on signing.</summary>
    public void Retire(SigningKey signing)
    {
        // Replaced: one that is there is of an attempt that ended here, and its time too old.
        SecretFile.Replace(RetiredPath(signing.Id), signing.RetiredAt(time.GetUtcNow()).ToText());
        Failpoints.Hit("keys.retired");
    }

    /// <summary>From here on the next key signs.</summary>
    public void Promote()
    {
        File.Move(Next, Signing, overwrite: true);
        Failpoints.Hit("keys.promoted");
    }

    /// <summary>Sees to it that there is a next key, and that it is for the algorithm that is asked for.</summary>
    public KeySet MakeNext()
    {
        var keys = Read();
        if (keys.Next is { } next && next.Algorithm != options.Algorithm || (keys.Next is null && File.Exists(Next)))
        {
            SecretFile.Replace(Next, Make().ToText());   // it has signed nothing
        }
        else if (keys.Next is null)
        {
            SecretFile.Create(Next, Make().ToText());
        }

        Failpoints.Hit("keys.made");
        return Read();
    }

    /// <summary>Deletes keys whose last token expired long ago, and the halves of files that whoever died left: they may hold a key, too.</summary>
    public void ForgetOld()
    {
        var old = time.GetUtcNow() - KeyOptions.KeepRetired;
        var retired = Read().Retired.Where(key => key.Retired < old).Select(key => RetiredPath(key.Id));
        var halves = Directory.GetFiles(options.Folder, $"*.pem.*{SecretFile.Unfinished}").Where(path => File.GetLastWriteTimeUtc(path) < old.UtcDateTime);
        foreach (var path in retired.Concat(halves))
        {
            File.Delete(path);
        }
    }

    // One of several that start together succeeds.
    private bool TakeOver()
    {
        try
        {
            File.Move(Next, Signing, overwrite: false);
            return true;
        }
        catch (FileNotFoundException)
        {
            return File.Exists(Signing);
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException) when (File.Exists(Signing))
        {
            return true;
        }
    }

    private void Encrypt()
    {
        if (options.Master is not { } master)
        {
            return;
        }

        foreach (var path in RetiredFiles().Prepend(Next).Prepend(Signing).Where(File.Exists))
        {
            if (ReadFile(path) is { IsEncrypted: false } key)
            {
                SecretFile.Replace(path, key.EncryptedBy(master).ToText());
            }
        }
    }

    private SigningKey Make() => SigningKey.Make(options.Algorithm, time.GetUtcNow(), options.Master);

    private SigningKey ReadFile(string path)
    {
        if (SecretFile.IsOpenToOthers(path))
        {
            throw new ConfigurationException($"DATA_DIR holds {path}, which others than its owner may read: chmod 600 it, or delete it if somebody may have.");
        }

        var text = File.ReadAllText(path);
        if (_read.TryGetValue(text, out var known))
        {
            return known;
        }

        try
        {
            return _read[text] = SigningKey.Read(text, options.Master);
        }
        catch (FormatException e)
        {
            throw new ConfigurationException($"DATA_DIR holds {path}, {e.Message}");
        }
    }

    private string[] RetiredFiles() => Directory.GetFiles(options.Folder, "retired-*.pem");

    private string RetiredPath(string id) => Path.Combine(options.Folder, $"retired-{id}.pem");

    [LoggerMessage(1, LogLevel.Warning, "JWT_ALGORITHM is {Wanted}, and the key that signs is for {Before}: {NextId} is published, and signs when it has been for {PublishFor}")]
    private partial void OtherAlgorithm(string wanted, string before, string nextId, TimeSpan publishFor);
}

/// <summary>The keys that are good now.</summary>
/// <param name="Signing">The one that signs.</param>
/// <param name="Next">The one that will; null for the moment in which it is being made.</param>
/// <param name="Retired">Those that did.</param>
internal sealed record KeySet(SigningKey Signing, SigningKey? Next, IReadOnlyList<SigningKey> Retired)
{
    public IEnumerable<SigningKey> All => [Signing, .. Next is { } next ? [next] : Array.Empty<SigningKey>(), .. Retired];
}
