using System.Text.Json;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// Says in the audit trail that this service goes on from a backup. The protocol:
/// <list type="number">
/// <item><c>argosy restore</c> leaves a file beside each database: which restoration it was, who did it, and as of when the data is.</item>
/// <item>The first start commits the entry before anything else commits, once for each restoration.</item>
/// <item>The file goes. A crash before that finds the entry there.</item>
/// </list>
/// </summary>
internal sealed class Restoration(ServiceOptions options, IStore store, TimeProvider time) : IHostedService
{
    private readonly string _file = Path.Combine(options.DataDirectory, "restored.json");

    /// <exception cref="ConfigurationException">The file is not what <c>restore</c> leaves.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_file))
        {
            return;
        }

        var restored = Read();
        var work = new WriteSet(new MessageContext(restored.Id, options.Name, new MessageHeaders()), time.GetUtcNow());
        work.AddFirst(Inbox.Once(restored.Id, work));
        work.Audit($"os:{restored.By}", "backup.restore", "database", $"as of {restored.AsOf:u}");
        (await store.CommitAsync(work, cancellationToken)).Ensure();
        File.Delete(_file);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Restored Read()
    {
        try
        {
            return JsonSerializer.Deserialize<Restored>(File.ReadAllBytes(_file), StrictJson.Options) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new ConfigurationException([$"{_file} is not what ./argosy restore leaves there: {e.Message} Restore the backup into a fresh folder once more."]);
        }
    }

    private sealed record Restored(string Id, string By, DateTimeOffset AsOf);
}
