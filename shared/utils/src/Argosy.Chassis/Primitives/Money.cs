using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Chassis;

/// <summary>
/// An amount in minor units (cents, yen) of one currency. Arithmetic is checked: two currencies never add up, and nothing wraps.
/// </summary>
/// <remarks>
/// The operators throw, for code whose inputs are already known to fit together. Sums over what a customer sent go through
/// <see cref="Total"/>, where the same faults are refusals.
/// </remarks>
[JsonConverter(typeof(MoneyJson))]
public readonly record struct Money
{
    private readonly string? _currency;

    /// <summary>An amount of a currency.</summary>
    /// <exception cref="ArgumentException">The currency is not three upper-case letters.</exception>
    public Money(long amount, string currency)
    {
        if (!IsCurrency(currency))
        {
            throw new ArgumentException($"'{currency}' is not an ISO 4217 code in upper case.", nameof(currency));
        }

        Amount = amount;
        _currency = currency;
    }

    /// <summary>Minor units.</summary>
    public long Amount { get; }

    /// <summary>ISO 4217, upper case.</summary>
    public string Currency => _currency ?? throw new InvalidOperationException("This money was never given an amount.");

    /// <summary>Whether the text has the shape of an ISO 4217 code: three letters A to Z.</summary>
    public static bool IsCurrency(string? text) => text is { Length: 3 } && text.All(char.IsAsciiLetterUpper);

    /// <summary>The sum.</summary>
    /// <exception cref="InvalidOperationException">Two currencies.</exception>
    /// <exception cref="OverflowException">More than fits.</exception>
    public static Money operator +(Money left, Money right) => new(checked(left.Amount + Same(left, right).Amount), left.Currency);

    /// <summary>The difference.</summary>
    /// <exception cref="InvalidOperationException">Two currencies.</exception>
    /// <exception cref="OverflowException">More than fits.</exception>
    public static Money operator -(Money left, Money right) => new(checked(left.Amount - Same(left, right).Amount), left.Currency);

    /// <summary>The price of so many.</summary>
    /// <exception cref="OverflowException">More than fits.</exception>
    public static Money operator *(Money price, int quantity) => new(checked(price.Amount * quantity), price.Currency);

    /// <summary>Adds up priced lines.</summary>
    /// <param name="lines">At least one: nothing has no currency.</param>
    /// <param name="total">The sum, unless refused.</param>
    /// <returns>422 <c>money.currencies</c> for more than one currency, 422 <c>money.overflow</c> for more than fits, else null.</returns>
    public static Problem? Total(IEnumerable<(Money Price, int Quantity)> lines, out Money total)
    {
        total = default;
        Money? sum = null;
        foreach (var (price, quantity) in lines)
        {
            if (sum is { } before && before.Currency != price.Currency)
            {
                return Problem.Unprocessable("money.currencies", $"{before.Currency} and {price.Currency} do not add up: use one currency.");
            }

            var line = (Int128)price.Amount * quantity + (sum?.Amount ?? 0);
            if (line > long.MaxValue || line < long.MinValue)
            {
                return Problem.Unprocessable("money.overflow", "The total is larger than can be charged.");
            }

            sum = new Money((long)line, price.Currency);
        }

        total = sum ?? throw new ArgumentException("A total needs at least one line.", nameof(lines));
        return null;
    }

    /// <summary>For logs and people: minor units and currency, e.g. <c>1999 EUR</c>.</summary>
    public override string ToString() => _currency is null ? "no money" : $"{Amount} {_currency}";

    private static Money Same(Money left, Money right) => left.Currency == right.Currency
        ? right
        : throw new InvalidOperationException($"{left.Currency} and {right.Currency} do not add up.");
}

/// <summary><c>{"amount":1999,"currency":"EUR"}</c>; anything else is a <see cref="MalformedException"/>, so that a request gets its 400.</summary>
public sealed class MoneyJson : JsonConverter<Money>
{
    /// <inheritdoc />
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new MalformedException("Money is an object: amount (integer minor units) and currency.");
        }

        long? amount = null;
        string? currency = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "amount" when amount is null:
                    amount = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var units)
                        ? units
                        : throw new MalformedException("The amount is an integer, in minor units.");
                    break;
                case "currency" when currency is null:
                    currency = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                    if (!Money.IsCurrency(currency))
                    {
                        throw new MalformedException("The currency is an ISO 4217 code in upper case.");
                    }

                    break;
                default:
                    throw new MalformedException("Money has an amount and a currency, each once, and nothing else.");
            }
        }

        return amount is { } value && currency is not null
            ? new Money(value, currency)
            : throw new MalformedException("Money needs an amount and a currency.");
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("amount", value.Amount);
        writer.WriteString("currency", value.Currency);
        writer.WriteEndObject();
    }
}
