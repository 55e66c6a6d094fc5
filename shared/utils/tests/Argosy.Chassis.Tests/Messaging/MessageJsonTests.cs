using Argosy.Chassis.Messaging;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Messaging;

/// <summary>What a person writes for a message is understood whole, or refused with the field named.</summary>
public sealed class MessageJsonTests
{
    [Theory]
    [InlineData("""{"orderId":"o1","amount":{"amount":"12","currency":"EUR"}}""", null)]
    [InlineData("""{"order_id":"o1"}""", null)]
    [InlineData("""{"orderId":"o1","colour":"red"}""", "colour: argosy.payment.v1.CapturePayment has no such field; it has orderId")]
    [InlineData("""{"orderId":"o1","amount":{"amount":"much"}}""", "amount.amount: ")]
    [InlineData("""{"orderId":"o1","amount":{"total":1}}""", "amount.total: argosy.common.v1.Money has no such field; it has amount, currency")]
    [InlineData("""{"orderId":"o1","amount":5}""", "amount: must be an object")]
    [InlineData("""{"orderId":7}""", "orderId: ")]
    [InlineData("""{"orderId":"o1","orderId":"o2"}""", "It is no JSON: ")]
    [InlineData("""["o1"]""", "The body: must be an object")]
    [InlineData("""{"orderId":""", "It is no JSON: ")]
    public void A_body_is_read_or_refused_by_the_field(string json, string? expected)
    {
        var read = MessageJson.Read(CapturePayment.Descriptor, json, out var fault);
        (read is null).ShouldBe(expected is not null, fault);
        fault?.ShouldStartWith(expected!);
    }

    [Fact]
    public void A_field_in_a_list_is_named_by_its_place() =>
        FaultOf("""{"orderId":"o1","lines":[{"sku":"tea","quantity":1},{"sku":"pot","quantity":1.5}]}""").ShouldStartWith("lines[1].quantity: ");

    [Fact]
    public void Differences_are_told_by_field()
    {
        var one = new CapturePayment { OrderId = "o1", PaymentToken = "tok_visa", Amount = new Contracts.Common.V1.Money { Amount = 1, Currency = "EUR" } };
        var other = one.Clone();
        other.Amount.Amount = 2;
        MessageJson.Differences(one, other).ShouldBe(["amount"]);
        MessageJson.Differences(one, one.Clone()).ShouldBeEmpty();
    }

    private static string FaultOf(string json)
    {
        MessageJson.Read(ReserveStock.Descriptor, json, out var fault).ShouldBeNull();
        return fault!;
    }
}
