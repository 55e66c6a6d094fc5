using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Auth;

/// <summary>
/// The keys as this instance knows them: which one signs, and all that are published. This service checks tokens with them too, without
/// asking itself over HTTP; a token that names a key that is not here makes it look at the folder first.
/// </summary>
internal sealed partial class SigningKeys : IKeySource
{
    private readonly Lock _gate = new();
    private readonly KeyFolder _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private volatile KeySet _keys;
    private long _nextSince;

    /// <exception cref="ConfigurationException">A key that is there cannot or should not be used.</exception>
    public SigningKeys(KeyFolder folder, TimeProvider time, ILogger<SigningKeys> log)
    {
        (_folder, _time, _log) = (folder, time, log);
        _keys = folder.Open();
        _nextSince = time.GetTimestamp();
        Tell(log, _keys.Signing.Id, _keys.Next?.Id, string.Join(' ', _keys.Retired.Select(key => key.Id)));
    }

    public KeySet Keys => _keys;

    /// <summary>
    /// For how long this process has published the next key. While it did not run, nobody could fetch it; and no administrator's clock
    /// shortens it.
    /// </summary>
    public TimeSpan NextPublished => _time.GetElapsedTime(Interlocked.Read(ref _nextSince));

    /// <summary>Takes over what other instances did to the folder.</summary>
    /// <exception cref="IOException">It cannot be read; what was known before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    /// <exception cref="ConfigurationException">Somebody put a key there that cannot be used.</exception>
    public void Look()
    {
        // What is read last is taken last: an older view would bring a retired key back to sign.
        lock (_gate)
        {
            var (before, now) = (_keys, _folder.Read());
            if (now.All.SequenceEqual(before.All))
            {
                return;
            }

            if (now.Next?.Id != before.Next?.Id)
            {
                Interlocked.Exchange(ref _nextSince, _time.GetTimestamp());
            }

            _keys = now;
            Tell(_log, now.Signing.Id, now.Next?.Id, string.Join(' ', now.Retired.Select(key => key.Id)));
        }
    }

    public Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct)
    {
        try
        {
            Look();
            return Task.FromResult<IReadOnlyList<IssuerKey>>([.. _keys.All.Select(key => key.Public)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ConfigurationException)
        {
            throw new KeySourceException(e.Message, e);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Tokens are signed by {KeyId}; published next: {NextId}, retired: {RetiredIds}")]
    private static partial void Tell(ILogger logger, string keyId, string? nextId, string retiredIds);
}
