using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Primitives;

public sealed class MoneyTests
{
    private static readonly Gen<Money> AnyMoney =
        from amount in Gen.OneOf(ArbMap.Default.GeneratorFor<long>(), Gen.Elements(0L, 1L, -1L, long.MaxValue, long.MinValue))
        from currency in Gen.Elements("EUR", "JPY", "USD")
        select new Money(amount, currency);

    [Fact]
    public void Adding_up_never_wraps_and_never_mixes_currencies() => Property.Holds(
        Gen.Two(AnyMoney).ToArbitrary(),
        pair =>
        {
            var (a, b) = pair;
            if (a.Currency != b.Currency)
            {
                Should.Throw<InvalidOperationException>(() => a + b);
            }
            else if ((Int128)a.Amount + b.Amount is var sum && (sum > long.MaxValue || sum < long.MinValue))
            {
                Should.Throw<OverflowException>(() => a + b);
            }
            else
            {
                (a + b).ShouldBe(new Money((long)sum, a.Currency));
                (a + b - b).ShouldBe(a);
            }
        },
        count: 2000);

    [Fact]
    public void A_total_agrees_with_the_operators_and_refuses_where_they_throw() => Property.Holds(
        (from lines in Gen.NonEmptyListOf(from price in AnyMoney from quantity in Gen.Choose(-3, 99) select (price, quantity))
         select lines.ToList()).ToArbitrary(),
        lines =>
        {
            var problem = Money.Total(lines, out var total);
            if (lines.Select(l => l.price.Currency).Distinct().Count() > 1)
            {
                problem.ShouldNotBeNull().Code.ShouldBeOneOf("money.currencies", "money.overflow");
                return;
            }

            var sums = lines.Select(l => (Int128)l.price.Amount * l.quantity).ToList();
            var exact = sums.Aggregate((x, y) => x + y);
            if (problem is null)
            {
                total.ShouldBe(new Money((long)exact, lines[0].price.Currency));
                exact.ShouldBe((Int128)total.Amount);
            }
            else
            {
                // It gives up at the first partial sum that does not fit.
                problem.Code.ShouldBe("money.overflow");
                problem.Status.ShouldBe(422);
                Partial(sums).ShouldContain(s => s > long.MaxValue || s < long.MinValue);
            }
        },
        count: 2000);

    [Fact]
    public void Money_survives_json() => Property.Holds(
        AnyMoney.ToArbitrary(),
        money => JsonSerializer.Deserialize<Money>(JsonSerializer.Serialize(money)).ShouldBe(money),
        count: 500);

    [Theory]
    [InlineData("""{"amount":1.5,"currency":"EUR"}""")]
    [InlineData("""{"amount":1,"currency":"eur"}""")]
    [InlineData("""{"amount":1,"currency":"EURO"}""")]
    [InlineData("""{"amount":"1","currency":"EUR"}""")]
    [InlineData("""{"amount":9223372036854775808,"currency":"EUR"}""")]
    [InlineData("""{"amount":1,"amount":2,"currency":"EUR"}""")]
    [InlineData("""{"amount":1,"currency":"EUR","tip":1}""")]
    [InlineData("""{"amount":1}""")]
    [InlineData("""{"currency":"EUR"}""")]
    [InlineData("""{"amount":1,"currency":null}""")]
    [InlineData("12")]
    [InlineData("[1,\"EUR\"]")]
    public void Json_that_is_not_money_is_malformed(string json) =>
        Should.Throw<MalformedException>(() => JsonSerializer.Deserialize<Money>(json));

    [Theory]
    [InlineData("eur")]
    [InlineData("EU")]
    [InlineData("EURO")]
    [InlineData("ÉUR")]
    [InlineData("")]
    public void A_currency_is_three_upper_case_letters(string currency) =>
        Should.Throw<ArgumentException>(() => new Money(1, currency));

    [Fact]
    public void Money_that_nobody_made_has_no_currency() =>
        Should.Throw<InvalidOperationException>(() => default(Money).Currency);

    private static IEnumerable<Int128> Partial(IEnumerable<Int128> lines)
    {
        Int128 sum = 0;
        foreach (var line in lines)
        {
            yield return sum += line;
        }
    }
}
