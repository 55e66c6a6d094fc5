using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>What order-service is made of, without its HTTP: a store on disk, the inbox, and the saga's router and deadlines.</summary>
internal sealed class SagaOwner : IAsyncDisposable
{
    private const string Service = "order-service";

    private readonly FreshStore _fresh;
    private readonly SagaDeadlines _deadlines;
    private readonly Inbox _inbox;
    private int _messages;

    private SagaOwner(Saga saga, FreshStore fresh, FakeTime time)
    {
        (_fresh, Time) = (fresh, time);
        Router = new SagaRouter([saga], NullLogger<SagaRouter>.Instance);
        _deadlines = new SagaDeadlines(Store, Router, Time, NullLogger<SagaDeadlines>.Instance);
        var handlers = new HandlerTable();
        Router.Register(handlers);
        var services = new ServiceCollection().AddSingleton(Store).BuildServiceProvider();
        _inbox = new Inbox(Service, Store, handlers, services, Time, new Random(1), NullLogger<Inbox>.Instance);
    }

    public FakeTime Time { get; }

    public IStore Store => _fresh.Store;

    public SagaRouter Router { get; }

    public static async Task<SagaOwner> OpenAsync<TEngine>(Saga saga) where TEngine : IEngine
    {
        var time = new FakeTime();
        return new SagaOwner(saga, await TEngine.OpenAsync(time, new Migration("test/schema.sql", "create table told (ord bigint not null, subject text not null, what text not null)")), time);
    }

    /// <summary>As a request or a worker would have it.</summary>
    public WriteSet Work(string cause = "request") =>
        new(new MessageContext(cause, Service, new MessageHeaders { CorrelationId = $"correlation of {cause}" }), Time.GetUtcNow());

    public async Task<CommitResult> CommitAsync(WriteSet work) => (await Store.CommitAsync(work)).Result;

    public async Task StartAsync(Saga<CheckoutState> saga, string subject)
    {
        var work = Work(subject);
        saga.Start(work, subject, new CheckoutState(subject));
        (await CommitAsync(work)).ShouldBe(CommitResult.Committed);
    }

    /// <summary>Everything that was sent about a subject, oldest first.</summary>
    public async Task<IReadOnlyList<Envelope>> SentAsync(string subject) =>
        [.. (await Store.QueryAsync<OutboxRow>(
            "select seq as Seq, id as Id, type as Type, key as Key, headers as Headers, body as Body, at as At from bus_outbox where key = @subject order by seq",
            new { subject })).Select(row => row.ToEnvelope(Service))];

    /// <summary>A participant's answer to what was sent last, delivered twice as the transport may.</summary>
    public async Task AnswerAsync(string subject, IMessage reply)
    {
        var command = (await SentAsync(subject))[^1];
        var headers = new MessageHeaders { SagaId = command.Headers.SagaId, SagaStep = command.Headers.SagaStep };
        var answer = Envelope.Of(reply, $"reply {++_messages}", "participant", headers, Time.GetUtcNow());
        await DeliverAsync(answer);
        await DeliverAsync(answer);
        await DeliverAsync(answer with { Id = $"repeated {_messages}" });
    }

    public async Task DeliverAsync(Envelope envelope)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _inbox.ReceiveAsync(envelope, deadline.Token);
    }

    public Task<int> ReachDeadlinesAsync(TimeSpan after)
    {
        Time.Advance(after);
        return _deadlines.RunDueAsync(CancellationToken.None);
    }

    public async Task<SagaView> ViewAsync(string id) => (await Router.FindAsync(Store, id, CancellationToken.None)).ShouldNotBeNull();

    public Task<IReadOnlyList<string>> ToldAsync(string subject) =>
        Store.QueryAsync<string>("select what from told where subject = @subject order by ord", new { subject });

    public ValueTask DisposeAsync() => _fresh.DisposeAsync();
}
