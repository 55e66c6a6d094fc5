using Argosy.Chassis.Store;

namespace Argosy.Chassis.EventStore;

/// <summary>A table that is made from the events of one kind of stream and from nothing else, so that it can be made anew.</summary>
public abstract class ReadModel
{
    private protected ReadModel(string streamType, string table, string key) => (StreamType, Table, Key) = (streamType, table, key);

    /// <summary>The kind of stream whose events it shows.</summary>
    public string StreamType { get; }

    /// <summary>Its table, which is also its name.</summary>
    public string Table { get; }

    /// <summary>The table's primary key.</summary>
    public string Key { get; }

    /// <summary>Where it is made anew while the one in <see cref="Table"/> goes on.</summary>
    internal string Shadow => $"{Table}_anew";

    /// <summary>The keys of rows that may differ between the two.</summary>
    internal string Noted => $"{Table}_noted";

    /// <summary>What the cursor of its rebuild is called in <c>bus_cursor</c>; there only while it is made anew.</summary>
    internal string Cursor => $"rebuild/{Table}";

    internal abstract void Replay(EventRow row, string into, WriteSet work);

    /// <summary>The row that is its stream's.</summary>
    internal string KeyOf(EventRow row) => row.Stream[(StreamType.Length + 1)..];
}
