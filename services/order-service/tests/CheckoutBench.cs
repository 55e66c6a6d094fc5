using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Messaging;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Google.Protobuf;
using Shouldly;
using Xunit;

namespace Argosy.Orders.Tests;

/// <summary>order-service as a process, and the test in the part of every participant.</summary>
public abstract class CheckoutBench : IAsyncLifetime
{
    protected const string Sku = "tea";

    internal ServiceBench Bench { get; private set; } = null!;

    protected HttpClient Ada { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bench = await ServiceBench.StartAsync("order-service", "OrderService");
        Ada = Bench.As("ada");
        await Bench.SendAsync("inventory-service", new ItemPriced { Sku = Sku, Name = "Tea", Price = new Money { Amount = 1250, Currency = "EUR" } });
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal static object Body(int quantity = 2, object? address = null, string token = "tok_visa") => new
    {
        lines = new[] { new { sku = Sku, quantity } },
        paymentToken = token,
        shippingAddress = address ?? new { name = "Ada", street = "1 Main St", city = "Berlin", postalCode = "10115", country = "DE" },
    };

    internal static async Task<HttpResponseMessage> PlaceAsync(HttpClient customer, object body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orders") { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key ?? Guid.NewGuid().ToString());
        return await customer.SendAsync(request);
    }

    internal async Task<string> PlacedAsync()
    {
        using var answer = await PlaceAsync(Ada, Body());
        ((int)answer.StatusCode).ShouldBe(202, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    /// <summary>Waits for a command of the saga, and answers it as its participant would.</summary>
    internal async Task AnswerAsync<TCommand>(string participant, string orderId, IMessage reply)
        where TCommand : class, IMessage<TCommand>, new()
    {
        var command = await CommandAsync<TCommand>(orderId);
        await Bench.SendAsync(participant, reply, headers: new MessageHeaders { SagaId = command.Headers.SagaId, SagaStep = command.Headers.SagaStep });
    }

    internal async Task<Envelope> CommandAsync<TCommand>(string orderId)
        where TCommand : class, IMessage<TCommand>, new()
    {
        var type = new TCommand().Descriptor.FullName;
        Envelope? found = null;
        await Eventually.HoldsAsync(() => (found = Bench.Bus.Heard.Select(heard => heard.Envelope).LastOrDefault(e => e.Type == type && e.Key == orderId)) is not null, $"{type} for {orderId} was sent");
        return found!;
    }

    internal async Task<string?> StatusAsync(string orderId) =>
        (await Ada.GetFromJsonAsync<JsonElement>($"/api/v1/orders/{orderId}")).GetProperty("status").GetString();

    internal Task BecomesAsync(string orderId, string status) =>
        Eventually.HoldsAsync(async () => await StatusAsync(orderId) == status, $"order {orderId} is {status}");
}
