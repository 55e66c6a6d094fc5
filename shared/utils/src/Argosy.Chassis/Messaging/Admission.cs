using System.Collections.Concurrent;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Messaging;

/// <summary>What a relay says of its batch: <see cref="BusHeaders"/>.</summary>
internal readonly record struct BatchPositions(long Epoch, long Previous, long Position);

/// <summary>
/// Which relay of a sender is believed. A lower epoch than the highest seen is a relay that was replaced; a batch that begins
/// behind the last one's end leaves something out. The epoch is durable, so that it holds over restarts; positions are not needed
/// after one, since whatever comes twice is known to the inbox.
/// </summary>
internal sealed class Admission(string service, IStore store, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Source> _sources = new(StringComparer.Ordinal);

    /// <summary>Null where the batch may come in; else why not.</summary>
    public async Task<Problem?> AdmitAsync(string sender, BatchPositions positions, CancellationToken cancellation)
    {
        var known = _sources.GetValueOrDefault(sender) ?? await RememberedAsync(sender, cancellation);
        if (positions.Epoch < known.Epoch)
        {
            return Problem.Conflict("bus.epoch", $"The relay of {sender} with epoch {positions.Epoch} was replaced by one with epoch {known.Epoch}.");
        }

        if (positions.Epoch == known.Epoch && known.Position is { } last && positions.Previous > last)
        {
            return Problem.Conflict("bus.gap", $"The batch begins after {positions.Previous}, the last one ended at {last}.");
        }

        if (positions.Epoch > known.Epoch)
        {
            await RememberAsync(sender, positions.Epoch, cancellation);
            known = new Source(positions.Epoch, null);
        }

        _sources.AddOrUpdate(sender, known, (_, now) => now.Epoch >= known.Epoch ? now : known);
        return null;
    }

    /// <summary>All of the batch is committed or parked. One that outlasted its sender's patience may end after the repeat that carried more: positions only rise.</summary>
    public void Advance(string sender, BatchPositions positions) => _sources.AddOrUpdate(
        sender,
        _ => new Source(positions.Epoch, positions.Position),
        (_, now) => now.Epoch == positions.Epoch ? now with { Position = Math.Max(now.Position ?? 0, positions.Position) } : now);

    private async Task<Source> RememberedAsync(string sender, CancellationToken cancellation) =>
        new(await store.FirstOrDefaultAsync<long?>("select epoch from bus_cursor where name = @name", new { name = CursorName(sender) }, cancellation) ?? 0, null);

    private async Task RememberAsync(string sender, long epoch, CancellationToken cancellation)
    {
        var work = new WriteSet(new MessageContext($"bus/{sender}", service, new MessageHeaders()), time.GetUtcNow());
        work.Execute(
            "insert into bus_cursor (name, position, epoch) values (@name, 0, @epoch) on conflict (name) do update set epoch = @epoch where bus_cursor.epoch < @epoch",
            new { name = CursorName(sender), epoch });
        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    private static string CursorName(string sender) => $"from/{sender}";

    private sealed record Source(long Epoch, long? Position);
}
