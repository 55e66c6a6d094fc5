using System.Diagnostics.CodeAnalysis;

namespace Argosy.Chassis.Caching;

/// <summary>What the process's own memory knows of a key.</summary>
/// <param name="Value">Shared by all who get it: it must not be changed.</param>
/// <param name="Stamp">The counts of its names before it was read.</param>
/// <param name="At">When reading it began, a timestamp of the monotonic clock.</param>
/// <param name="Life">How long from then.</param>
internal sealed record LocalEntry(object? Value, Generations.Stamp Stamp, long At, TimeSpan Life);

/// <summary>The first level: so many entries, the least recently used goes first.</summary>
internal sealed class LocalEntries(int size)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, LocalEntry Entry)>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Key, LocalEntry Entry)> _byUse = [];

    public bool TryFind(string key, [NotNullWhen(true)] out LocalEntry? entry)
    {
        lock (_gate)
        {
            entry = null;
            if (_byKey.TryGetValue(key, out var node))
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                entry = node.Value.Entry;
            }

            return entry is not null;
        }
    }

    public void Put(string key, LocalEntry entry)
    {
        lock (_gate)
        {
            if (_byKey.Remove(key, out var before))
            {
                _byUse.Remove(before);
            }
            else if (_byKey.Count == size)
            {
                _byKey.Remove(_byUse.Last!.Value.Key);
                _byUse.RemoveLast();
            }

            _byKey.Add(key, _byUse.AddFirst((key, entry)));
        }
    }

    /// <summary>Removes the entry, if there is one.</summary>
    public void Remove(string key)
    {
        lock (_gate)
        {
            if (_byKey.Remove(key, out var node))
            {
                _byUse.Remove(node);
            }
        }
    }
}
