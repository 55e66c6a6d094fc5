using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.RabbitMq;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>A real process on a real broker: killed around each step, started before the broker, with a password that is wrong.</summary>
[Collection(SharedBroker.Collection)]
[Trait("on", "servers")]
public sealed class RabbitProcessTests : IAsyncLifetime
{
    private const string Service = "inventory-service";
    private const int Killed = 128 + 9;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-rabbit-process-").FullName;
    private readonly ConcurrentDictionary<string, bool> _heard = new(StringComparer.Ordinal);
    private RabbitServer _server = null!;
    private TestIssuer _issuer = null!;
    private string _host = "";

    public async ValueTask InitializeAsync()
    {
        _issuer = new TestIssuer(_folder);
        _server = await SharedBroker.GetAsync();
        _host = await RabbitTransport.AddHostAsync(_server);
    }

    public ValueTask DisposeAsync()
    {
        _issuer.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("publish.before")]
    [InlineData("publish.after")]
    [InlineData("cursor.before")]
    [InlineData("cursor.after")]
    [InlineData("ack.before:5")]
    [InlineData("ack.after:5")]
    public async Task A_command_takes_effect_once_and_is_answered_however_the_process_ends(string failpoint)
    {
        await using var connection = await ListenAsync();
        await using (var doomed = Start(("ARGOSY_FAILPOINT", failpoint)))
        {
            await doomed.ReadyAsync(Within);
            await SendAsync(connection, from: 0, count: 12);
            (await doomed.ExitAsync(Within)).ShouldBe(Killed);
        }

        await SendAsync(connection, from: 12, count: 4);
        await using var service = Start();
        await service.ReadyAsync(Within);

        await Eventually.HoldsAsync(async () => (await LedgerAsync(service)).GetProperty("entries").GetArrayLength() >= 16, "every command had its effect", Within);
        await Eventually.HoldsAsync(() => _heard.Count == 16, "every answer was heard", Within);
        var ledger = await LedgerAsync(service);
        ledger.GetProperty("entries").GetArrayLength().ShouldBe(16, "once");
        ledger.GetProperty("published").GetInt64().ShouldBe(16);
    }

    [Fact]
    public async Task A_service_that_starts_before_its_broker_is_alive_and_not_ready_and_ready_when_the_broker_comes()
    {
        await _server.StopAsync();
        await using var service = Start();
        try
        {
            await Eventually.HoldsAsync(async () => await StatusAsync(service, "/health") == HttpStatusCode.OK, "it is alive", Within);
            (await StatusAsync(service, "/ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await BodyAsync(service, "/ready")).ShouldContain("\"bus\":\"");
        }
        finally
        {
            await _server.StartNodeAsync();
        }

        await service.ReadyAsync(Within);
    }

    [Fact]
    public async Task A_wrong_password_is_one_line_and_no_password()
    {
        await using var service = Start(("RABBITMQ_URL", _server.AddressOf(_host, Service, "wr0ng-secret")));

        await Eventually.HoldsAsync(() => service.Output.Any(line => line.Contains("refuses the login", StringComparison.Ordinal)), "it says so", Within);
        await Eventually.HoldsAsync(async () => await StatusAsync(service, "/health") == HttpStatusCode.OK, "it is alive", Within);
        (await StatusAsync(service, "/ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);

        // Tried again by now, by both parts of the bus.
        await Eventually.HoldsAsync(async () => (await BodyAsync(service, "/ready")).Contains("the broker is away", StringComparison.Ordinal), "it is not ready", Within);
        service.Output.Count(line => line.Contains("refuses the login", StringComparison.Ordinal)).ShouldBeLessThanOrEqualTo(2);
        service.Output.Concat(service.Errors).ShouldNotContain(line => line.Contains("wr0ng-secret", StringComparison.Ordinal) || line.Contains("   at ", StringComparison.Ordinal));
    }

    private ServiceProcess Start(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>(_issuer.Environment, StringComparer.Ordinal)
        {
            ["PROBE_LEDGER"] = "1",
            ["SERVICE_NAME"] = Service,
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "production",
            ["ARGOSY_EXIT_WITH_STDIN"] = "1",
            ["DATA_DIR"] = _folder,
            ["DATABASE_URL"] = $"sqlite:{Path.Combine(_folder, "service.db")}",
            ["RABBITMQ_URL"] = _server.AddressOf(_host, Service, RabbitTransport.PasswordOf(Service)),
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return ServiceProcess.Start(ServiceBench.DllOf("Probe"), environment);
    }

    // Order-service's queues as it makes them itself, and an ear on each.
    private async Task<IConnection> ListenAsync()
    {
        const string Order = "order-service";
        var url = _server.AddressOf(_host, Order, RabbitTransport.PasswordOf(Order));
        var connection = await new ConnectionFactory { Uri = new Uri(url) }.CreateConnectionAsync();
        var topology = new Topology(Order, Catalog.Embedded.Find(Order)!.Handles, []);
        await topology.DeclareAsync(connection, NullLogger.Instance, CancellationToken.None);
        for (var partition = 0; partition < Topology.Partitions; partition++)
        {
            await QueueConsumer.StartAsync(connection, topology.Queue(partition), (delivery, _) =>
            {
                _heard[delivery.Envelope.Id] = true;
                return Task.CompletedTask;
            }, () => { }, TimeProvider.System, CancellationToken.None);
        }

        return connection;
    }

    private static async Task SendAsync(IConnection connection, int from, int count)
    {
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        for (var i = from; i < from + count; i++)
        {
            var (properties, body) = Wire.Write(BusPeer.Wrap("order-service", new ReserveStock { OrderId = $"order-{i % 3}" }, $"command-{i}"));
            await channel.BasicPublishAsync(Topology.Exchange, Topology.RoutingKey(ReserveStock.Descriptor.FullName, $"order-{i % 3}"), mandatory: true, properties, body);
        }
    }

    private async Task<JsonElement> LedgerAsync(ServiceProcess service)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, "/ledger") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", _issuer.TokenFor("somebody")) } };
        using var answer = await service.Http.SendAsync(question);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<string> BodyAsync(ServiceProcess service, string path)
    {
        using var answer = await service.Http.GetAsync(path);
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<HttpStatusCode?> StatusAsync(ServiceProcess service, string path)
    {
        try
        {
            using var answer = await service.Http.GetAsync(path);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;    // not listening yet
        }
    }
}
