using System.Collections.Concurrent;

namespace Argosy.Gateway.Limits;

/// <summary>What lasts and costs a place meanwhile: everybody has <paramref name="each"/> of them. Only who has one is remembered.</summary>
internal sealed class Places(int each)
{
    private readonly ConcurrentDictionary<string, int> _taken = new(StringComparer.Ordinal);

    /// <summary>Whoever gets one gives it back by <see cref="Leave"/>.</summary>
    public bool TryEnter(string name)
    {
        if (_taken.AddOrUpdate(name, 1, static (_, taken) => taken + 1) <= each)
        {
            return true;
        }

        Leave(name);
        return false;
    }

    public void Leave(string name)
    {
        if (_taken.AddOrUpdate(name, 0, static (_, taken) => taken - 1) == 0)
        {
            _taken.TryRemove(new KeyValuePair<string, int>(name, 0));        // unless somebody has come meanwhile
        }
    }
}
