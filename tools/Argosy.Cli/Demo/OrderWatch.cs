using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using Argosy.Cli.Access;

namespace Argosy.Cli.Demo;

/// <summary>Follows an order on its stream of server-sent events, over lost connections, from where it was.</summary>
internal sealed class OrderWatch(Session customer, string id, Recorder recorder)
{
    // The server sends a heartbeat every 15 s; a stream that is silent for longer is a dead one.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private string? _lastEventId;
    private string? _refusedToken;

    /// <summary>The last that was heard.</summary>
    public Order? Last { get; private set; }

    /// <summary>Returns when <paramref name="isEnough"/> says so, at the latest when <paramref name="ct"/> ends it.</summary>
    public async Task<Order> UntilAsync(Func<Order, bool> isEnough, CancellationToken ct)
    {
        while (true)
        {
            if (Last is { } last && isEnough(last))
            {
                return last;
            }

            try
            {
                await ReadAsync(isEnough, ct);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException or JsonException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                // the connection is gone; the next one goes on after the last event
            }

            if (Last is null || !isEnough(Last))
            {
                await Task.Delay(Pause, ct);
            }
        }
    }

    private async Task ReadAsync(Func<Order, bool> isEnough, CancellationToken ct)
    {
        var token = await customer.TokenAsync(_refusedToken, ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Silence);
        var ask = Ask.Get($"/api/v1/orders/{id}/stream") with { Token = token, LastEventId = _lastEventId };
        var (opened, stream) = (recorder.Now, recorder.NextOp());
        using var response = await customer.Http.OpenAsync(ask, limit.Token);
        _refusedToken = response.StatusCode == HttpStatusCode.Unauthorized ? token : null;
        if (!response.IsSuccessStatusCode)
        {
            return;
        }

        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(limit.Token))
        {
            limit.CancelAfter(Silence);
            if (item.EventType == "status" && JsonSerializer.Deserialize(item.Data, DemoWire.Default.Order) is { } order)
            {
                (Last, _lastEventId) = (order, item.EventId ?? _lastEventId);
                recorder.Heard(order, long.TryParse(item.EventId, CultureInfo.InvariantCulture, out var version) ? version : null, stream, customer, opened);
                if (isEnough(order))
                {
                    return;
                }
            }
        }
    }
}
