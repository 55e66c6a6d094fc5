using System.Net;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Chassis.Tests.Bus;

public sealed class PushBusTests : BusConformance
{
    private protected override Task<ITransport> MakeAsync(BusWorld world) => Task.FromResult<ITransport>(new Push(world));

    /// <summary>The real relay, and at its other end the real inbox behind an HTTP that can be disturbed.</summary>
    private sealed class Push(BusWorld world) : HttpMessageHandler, ITransport
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SemaphoreSlim _open = new(1, 1);
        private readonly Random _random = new(1);
        private PushRelay _relay = null!;
        private Task _run = Task.CompletedTask;
        private int _cut;

        public async Task StartAsync()
        {
            var subscriber = new Subscriber(BusWorld.Receiver, new Uri("http://receiver"), BusWorld.Types);
            await PushRelay.RegisterAsync(BusWorld.Sender, [subscriber], world.Outgoing, TimeProvider.System, _stop.Token);
            _relay = new PushRelay(BusWorld.Sender, subscriber, world.Outgoing, new HttpMessageInvoker(this), _ => "token", TimeProvider.System, _random, NullLogger.Instance);
            _run = _relay.RunAsync(_stop.Token);
        }

        public Task CutAsync()
        {
            Volatile.Write(ref _cut, 1);
            return Task.CompletedTask;
        }

        public async Task RestartAsync()
        {
            await CutAsync();
            await PauseAsync();
        }

        public async Task PauseAsync()
        {
            await _open.WaitAsync();
            await world.PublishAsync(30);       // meanwhile
            _open.Release();
        }

        public async Task<long> BacklogAsync() => (await _relay.BacklogAsync(10_000, _stop.Token)).Messages;

        async ValueTask IAsyncDisposable.DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
            _open.Dispose();
            Dispose();
        }

        // A connection can be lost with half of the batch handled, and with the answer on it.
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await _open.WaitAsync(cancellationToken);
            _open.Release();
            var batch = CloudEventBatch.Parser.ParseFrom(await request.Content!.ReadAsByteArrayAsync(cancellationToken)).Events.Select(Envelope.FromCloudEvent).ToList();
            var cut = Interlocked.Exchange(ref _cut, 0) == 1;
            var arrived = cut ? batch.Take(_random.Next(batch.Count + 1)) : batch;
            await Task.WhenAll(arrived.Select(envelope => world.Lanes.RunAsync(envelope.Key, c => world.Inbox.ReceiveAsync(envelope, c), cancellationToken)));
            return cut ? throw new HttpRequestException("The connection was cut.") : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("") };
        }
    }
}
