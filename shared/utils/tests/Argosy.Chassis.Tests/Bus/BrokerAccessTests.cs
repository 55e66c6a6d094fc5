using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.RabbitMq;
using Argosy.Chassis.Tests.Invariants;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>What the users of the services may do on a real broker.</summary>
[Collection(SharedBroker.Collection)]
[Trait("on", "servers")]
public sealed class BrokerAccessTests : IAsyncLifetime
{
    private const int AccessRefused = 403;
    private RabbitServer _server = null!;
    private string _host = "";

    public async ValueTask InitializeAsync()
    {
        _server = await SharedBroker.GetAsync();
        _host = await RabbitTransport.AddHostAsync(_server);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>After a change of a catalogue run this with <c>ARGOSY_ACCEPT_DEFINITIONS=1</c> and commit the file.</summary>
    [Fact]
    public async Task The_definitions_in_the_repository_are_those_of_the_catalogue()
    {
        var file = Path.Combine(Source.Root, "infrastructure", "rabbitmq", "definitions.json");
        var made = BrokerDefinitions.Write(Catalog.Embedded, "argosy");
        if (Environment.GetEnvironmentVariable("ARGOSY_ACCEPT_DEFINITIONS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, made);
        }

        made.ShouldBe((await File.ReadAllTextAsync(file)).ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Every_service_may_make_what_it_needs()
    {
        foreach (var entry in Catalog.Embedded.Entries.Where(entry => entry.Handles.Count > 0))
        {
            await using var connection = await ConnectAsync(entry.Name);
            var part = Catalog.Embedded.PartOf(entry.Name);
            var topology = new Topology(entry.Name, entry.Handles, part.Others);

            await topology.DeclareAsync(connection, NullLogger.Instance, CancellationToken.None);
            await topology.DeclareAsync(connection, NullLogger.Instance, CancellationToken.None);       // as a second instance does

            (await Topology.ExistsAsync(connection, topology.Marker, CancellationToken.None)).ShouldBeTrue(entry.Name);
        }
    }

    [Fact]
    public async Task A_service_publishes_its_own_types_and_no_others()
    {
        await using var connection = await ConnectAsync("inventory-service");

        await PublishAsync(connection, StockReserved.Descriptor.FullName);

        await RefusedAsync(() => PublishAsync(connection, PaymentCaptured.Descriptor.FullName));
        await RefusedAsync(() => PublishAsync(connection, ReserveStock.Descriptor.FullName));
        await RefusedAsync(() => PublishAsync(connection, $"{StockReserved.Descriptor.FullName}.more"));
    }

    [Fact]
    public async Task A_service_has_its_own_queues_and_no_others()
    {
        await using (var order = await ConnectAsync("order-service"))
        {
            await new Topology("order-service", [StockReserved.Descriptor.FullName], []).DeclareAsync(order, NullLogger.Instance, CancellationToken.None);
        }

        await using var connection = await ConnectAsync("payment-service");
        await RefusedAsync(connection, channel => channel.BasicGetAsync("order-service.0", autoAck: false));
        await RefusedAsync(connection, channel => channel.QueuePurgeAsync("order-service.0"));
        await RefusedAsync(connection, channel => channel.QueueDeleteAsync("order-service.0"));
        await RefusedAsync(connection, channel => channel.ExchangeDeleteAsync(Topology.Exchange));
        await RefusedAsync(connection, channel => channel.QueueDeclareAsync("payment-services", durable: true, exclusive: false, autoDelete: false));
        await RefusedAsync(connection, async channel =>
        {
            await channel.QueueDeclareAsync("payment-service.ear", durable: true, exclusive: false, autoDelete: false);
            await channel.QueueBindAsync("payment-service.ear", Topology.Exchange, $"{StockReserved.Descriptor.FullName}.0");
        });
        await RefusedAsync(connection, channel => channel.QueueBindAsync("payment-service.ear", Topology.Exchange, "#"));
        await RefusedAsync(connection, channel => channel.QueueBindAsync("order-service.0", Topology.Exchange, $"{CapturePayment.Descriptor.FullName}.0"));
    }

    [Fact]
    public async Task Nobody_logs_in_before_a_password_was_given()
    {
        var definitions = BrokerDefinitions.Write(Catalog.Embedded, _host);
        definitions.ShouldContain("\"password_hash\": \"\"");
        await _server.ImportAsync(definitions);
        try
        {
            await Should.ThrowAsync<BrokerUnreachableException>(() => ConnectAsync("order-service"));
            await Should.ThrowAsync<BrokerUnreachableException>(() => new ConnectionFactory { Uri = new Uri(_server.AddressOf(_host, "order-service", "x")), Password = "" }.CreateConnectionAsync());
        }
        finally
        {
            await _server.LoadAsync(definitions, RabbitTransport.PasswordOf);
        }
    }

    private static async Task PublishAsync(IConnection connection, string type)
    {
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.BasicPublishAsync(Topology.Exchange, Topology.RoutingKey(type, "key"), mandatory: false, new BasicProperties(), Array.Empty<byte>());
    }

    private static Task RefusedAsync(IConnection connection, Func<IChannel, Task> act) => RefusedAsync(async () =>
    {
        await using var channel = await connection.CreateChannelAsync();
        await act(channel);
    });

    private static async Task RefusedAsync(Func<Task> act)
    {
        var refused = await Should.ThrowAsync<OperationInterruptedException>(act);
        refused.ShutdownReason!.ReplyCode.ShouldBe((ushort)AccessRefused, refused.Message);
    }

    private Task<IConnection> ConnectAsync(string service) =>
        new ConnectionFactory { Uri = new Uri(_server.AddressOf(_host, service, RabbitTransport.PasswordOf(service))) }.CreateConnectionAsync();
}
