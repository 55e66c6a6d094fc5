using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Inventory;

/// <summary>
/// Puts something on the shelves of a new laptop installation (catalogue.json), prices announced, all in one commit: there are items
/// afterwards or there are none, so neither a restart nor a crash in between makes it happen twice.
/// </summary>
internal sealed partial class Catalogue(IStore store, Items items, ServiceOptions options, TimeProvider time, ILogger<Catalogue> log) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.IsLocal && await store.FirstOrDefaultAsync<long>("select count(*) from item", null, cancellationToken) == 0)
        {
            await SeedAsync(cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static IReadOnlyList<Entry> Read()
    {
        using var file = typeof(Catalogue).Assembly.GetManifestResourceStream("catalogue.json")!;
        return JsonSerializer.Deserialize<List<Entry>>(file, StrictJson.Options)!;
    }

    private async Task SeedAsync(CancellationToken cancellation)
    {
        var entries = Read();
        var work = new WriteSet(new MessageContext(Ids.New(time), options.Name, new MessageHeaders()), time.GetUtcNow());
        work.Require("select 1 where not exists (select 1 from item)");
        foreach (var entry in entries)
        {
            items.Create(work, entry.Sku, new PutItem(entry.Name, entry.Price, entry.Stock));
        }

        (await store.CommitAsync(work, cancellation)).Ensure();
        LogSeeded(log, entries.Count);
    }

    internal sealed record Entry(string Sku, string Name, Money Price, long Stock);

    [LoggerMessage(Level = LogLevel.Information, Message = "The shelves were empty: {Items} items of the sample catalogue are in")]
    private static partial void LogSeeded(ILogger logger, int items);
}
