using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// Remembers tokens that were found valid, so that a customer's next request costs a hash and not an RSA verification. The key is the
/// SHA-256 of the whole token: no part of it can differ. Only valid tokens get in, so strangers cannot fill it.
/// </summary>
/// <remarks>
/// Bounded by generations: when the young one is full it becomes the old one, and what was in the old one is forgotten. What is used
/// moves to the young one, so no lists of recency are kept.
/// </remarks>
internal sealed class TokenCache(int size)
{
    private readonly Lock _gate = new();
    private readonly int _generationSize = Math.Max(1, size / 2);
    private Dictionary<TokenHash, CachedToken> _young = [];
    private Dictionary<TokenHash, CachedToken> _old = [];

    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _young.Count + _old.Count;
            }
        }
    }

    public CachedToken? Find(in TokenHash hash)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(hash, out var found))
            {
                return found;
            }

            if (_old.Remove(hash, out found))
            {
                Put(hash, found);
            }

            return found;
        }
    }

    public void Add(in TokenHash hash, CachedToken token)
    {
        lock (_gate)
        {
            Put(hash, token);
        }
    }

    public void Remove(in TokenHash hash)
    {
        lock (_gate)
        {
            _young.Remove(hash);
            _old.Remove(hash);
        }
    }

    private void Put(in TokenHash hash, CachedToken token)
    {
        if (_young.Count >= _generationSize)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }

        _young[hash] = token;
    }
}

/// <summary>What a valid token said, the key that proved it, and how long it may be believed.</summary>
internal sealed record CachedToken(Caller Caller, IssuerKey Key, DateTimeOffset Until);

/// <summary>SHA-256 of a token.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    public static TokenHash Of(string token)
    {
        Span<byte> ascii = stackalloc byte[TokenText.MaxLength];
        var length = Encoding.ASCII.GetBytes(token, ascii);
        Span<UInt128> hash = stackalloc UInt128[2];
        SHA256.HashData(ascii[..length], MemoryMarshal.AsBytes(hash));
        return new TokenHash(hash[0], hash[1]);
    }
}
