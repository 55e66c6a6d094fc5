using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Primitives;

public sealed class CardNumbersTests
{
    private static readonly string[] Separators = ["", " ", "-", ".", "_", " - ", "\u00A0", "\u2013"];

    // Numbers as networks issue them: a beginning and a length, any digits between, and Luhn's last one.
    private static Gen<string> Cards => from kind in Gen.Elements(("4", 13), ("4", 16), ("4", 19), ("34", 15), ("37", 15), ("36", 14), ("3530", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("6011", 16), ("62", 19), ("50", 13))
                                        from digits in Gen.Choose(0, 9).ArrayOf(19)
                                        let body = kind.Item1 + string.Concat(digits.Take(kind.Item2 - kind.Item1.Length - 1))
                                        select body + CheckDigit(body);

    [Theory]
    [InlineData("4242424242424242")]
    [InlineData("4111 1111 1111 1111")]
    [InlineData("4111-1111-1111-1111")]
    [InlineData("4111.1111.1111.1111")]
    [InlineData("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")]
    [InlineData("3782 822463 10005")]
    [InlineData("30569309025904")]
    [InlineData("6011000990139424")]
    [InlineData("2223003122003222")]
    [InlineData("6205500000000000004")]
    [InlineData("4222222222222")]
    [InlineData("my card is 4242 4242 4242 4242, valid 12/29")]
    [InlineData("order 12 4242424242424242")]
    [InlineData("tok_4242424242424242")]
    [InlineData("{\"card\":\"4242424242424242\"}")]
    [InlineData("４２４２４２４２４２４２４２４２")]
    [InlineData("0193f2e4-5b6c-7d8e-9f00-112233445566 4242424242424242")]
    public void What_looks_like_a_card_number_is_found(string text) => CardNumbers.AppearIn(text).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("4242424242424241")]
    [InlineData("424242424242")]
    [InlineData("42424242424242424242")]
    [InlineData("AR4242424242424242")]
    [InlineData("4242424242424242DE")]
    [InlineData("x4242-4242-4242-4242y")]
    [InlineData("1763857650127")]
    [InlineData("20261123-010743")]
    [InlineData("+49 151 23456789")]
    [InlineData("2026-11-23T01:24:36.1234567Z")]
    [InlineData("tok_visa")]
    public void What_does_not_is_let_through(string text) => CardNumbers.AppearIn(text).ShouldBeFalse();

    [Fact]
    public void A_card_number_is_found_whatever_stands_around_it_and_between_its_groups() =>
        Property.Holds(Arb.From(
            from card in Cards
            from separator in Gen.Elements(Separators)
            from cut in Gen.Choose(1, 6)
            from before in Gen.Elements("", "pay with ", "card:", "x-", "(", "äöü ")
            from after in Gen.Elements("", " please", "\n", ")", "-x", "/1")
            select before + string.Join(separator, card.Chunk(cut).Select(part => new string(part))) + after),
            text => CardNumbers.AppearIn(text).ShouldBeTrue(text), 2000);

    [Fact]
    public void A_card_number_with_one_wrong_digit_is_none() =>
        Property.Holds(Arb.From(
            from card in Cards
            from at in Gen.Choose(0, 100)
            from offset in Gen.Choose(1, 9)
            let i = at % card.Length
            select card[..i] + (char)('0' + ((card[i] - '0' + offset) % 10)) + card[(i + 1)..]),
            text => CardNumbers.AppearIn(text).ShouldBeFalse(text), 2000);

    [Fact]
    public void A_card_number_that_touches_a_letter_is_none() =>
        Property.Holds(Arb.From(
            from card in Cards
            from letter in Gen.Elements('a', 'Z', 'é')
            from first in ArbMap.Default.GeneratorFor<bool>()
            select first ? letter + card : card + letter),
            text => CardNumbers.AppearIn(text).ShouldBeFalse(text), 500);

    [Fact]
    public void No_uuid_is_a_card_number_even_one_of_digits_alone() =>
        Property.Holds(Arb.From(
            from digits in Gen.Choose(0, 9).ArrayOf(32)
            let hex = string.Concat(digits)
            from around in Gen.Elements("{0}", "cancel-{0}", "{0}-1", "/orders/{0}/cancel", "{0},{0}")
            select string.Format(around, $"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}")),
            text => CardNumbers.AppearIn(text).ShouldBeFalse(text), 5000);

    [Fact]
    public void Clock_values_are_no_card_numbers() =>
        Property.Holds(Arb.From(
            from milliseconds in Gen.Choose(0, int.MaxValue).Select(n => 1_600_000_000_000L + ((long)n * 180))
            from unit in Gen.Elements(1L, 1000L, 1_000_000L)
            select $"key-{milliseconds * unit}"),
            text => CardNumbers.AppearIn(text).ShouldBeFalse(text), 5000);

    [Theory]
    [InlineData("4242424242424242", true)]
    [InlineData("4242424242424242.0", true)]
    [InlineData("-4242424242424242", true)]
    [InlineData("4242424242424242.5", false)]
    [InlineData("4242424242424241", false)]
    [InlineData("199900", false)]
    public void A_number_of_json_is_looked_at_as_a_whole_one(string number, bool isCard) => CardNumbers.IsOne(decimal.Parse(number)).ShouldBe(isCard);

    private static char CheckDigit(string body)
    {
        var sum = body.Reverse().Select((digit, i) => (digit - '0') * (i % 2 == 0 ? 2 : 1)).Sum(weighed => weighed > 9 ? weighed - 9 : weighed);
        return (char)('0' + ((10 - (sum % 10)) % 10));
    }
}
