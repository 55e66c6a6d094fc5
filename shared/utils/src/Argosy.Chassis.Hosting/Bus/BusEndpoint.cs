using System.Globalization;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;
using Argosy.Chassis.Store;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting.Bus;

/// <summary>
/// <c>POST /bus/v1</c>: takes a batch from another service's relay. The protocol:
/// <list type="number">
/// <item>The token says who sends; nobody else is believed.</item>
/// <item>The epoch must not be lower than the highest seen, and no gap may lie before the batch.</item>
/// <item>Every type must be one that the sender publishes and this service handles, or nothing of the batch runs.</item>
/// <item>Each message goes to the lane of its key; when all are committed or parked, 200.</item>
/// </list>
/// </summary>
internal sealed class BusEndpoint(string service, Catalog catalog, BusKeys keys, Admission admission, Lanes lanes, Inbox inbox, IHostApplicationLifetime lifetime)
{
    public const int MaxBody = 8 * 1024 * 1024;
    private const int MaxBatch = 256;

    private readonly HashSet<string> _handles = [.. catalog.Find(service)?.Handles ?? []];

    public async Task<IResult> ReceiveAsync(HttpContext http)
    {
        if (await SenderAsync(http.Request) is not { } sender)
        {
            http.CountRefusal("bus.refuse", "bus.token");
            return Problem.Unauthorized("bus.token", "The bus takes batches with a token that a service signed for this one.").ToResult();
        }

        if (!TryReadPositions(http.Request, out var positions))
        {
            return Problem.Invalid("bus.headers", $"{BusHeaders.Epoch}, {BusHeaders.Previous} and {BusHeaders.Position} must be numbers.").ToResult();
        }

        var (batch, refusal) = await ReadBatchAsync(http.Request, sender, http.RequestAborted);
        refusal ??= await admission.AdmitAsync(sender, positions, http.RequestAborted);
        if (refusal is not null)
        {
            return refusal.ToResult();
        }

        // The sender's patience is not ours: what has arrived is handled even where the connection is cut.
        await Task.WhenAll(batch.Select(envelope => lanes.RunAsync(envelope.Key, c => inbox.ReceiveAsync(envelope, c), lifetime.ApplicationStopping)));
        admission.Advance(sender, positions);
        Failpoints.Hit("ack.before");
        http.Response.OnCompleted(static () =>
        {
            Failpoints.Hit("ack.after");
            return Task.CompletedTask;
        });
        return Results.Ok();
    }

    private async Task<string?> SenderAsync(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.Ordinal) ? await keys.VerifyAsync(header["Bearer ".Length..]) : null;
    }

    private async Task<(IReadOnlyList<Envelope> Batch, Problem? Refusal)> ReadBatchAsync(HttpRequest request, string sender, CancellationToken cancellation)
    {
        if (request.ContentType != BusHeaders.ContentType || request.ContentLength is null or > MaxBody)
        {
            return ([], Problem.Invalid("bus.content", $"A batch is {BusHeaders.ContentType} with a Content-Length of at most {MaxBody} bytes."));
        }

        try
        {
            var bytes = new byte[request.ContentLength.Value];
            await request.Body.ReadExactlyAsync(bytes, cancellation);
            var batch = CloudEventBatch.Parser.ParseFrom(bytes).Events.Select(Envelope.FromCloudEvent).ToList();
            return (batch, Check(batch, sender));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FormatException or EndOfStreamException)
        {
            return ([], Problem.Invalid("bus.batch", $"The batch cannot be read: {e.Message}"));
        }
    }

    private Problem? Check(List<Envelope> batch, string sender)
    {
        if (batch.Count is 0 or > MaxBatch)
        {
            return Problem.Invalid("bus.batch", $"A batch holds 1 to {MaxBatch} messages, not {batch.Count}.");
        }

        var publishes = catalog.Find(sender)!.Publishes;
        foreach (var envelope in batch)
        {
            if (envelope.Source != sender)
            {
                return Problem.Forbidden("bus.source", $"{sender} sent a message in the name of {envelope.Source}.");
            }

            if (!publishes.Contains(envelope.Type, StringComparer.Ordinal) || !_handles.Contains(envelope.Type))
            {
                return Problem.Forbidden("bus.type", $"{sender} may not send {envelope.Type} to {service}.");
            }
        }

        return null;
    }

    private static bool TryReadPositions(HttpRequest request, out BatchPositions positions)
    {
        var read = Number(request, BusHeaders.Epoch, out var epoch) & Number(request, BusHeaders.Previous, out var previous) & Number(request, BusHeaders.Position, out var position);
        positions = new BatchPositions(epoch, previous, position);
        return read;
    }

    private static bool Number(HttpRequest request, string header, out long value) =>
        long.TryParse(request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
