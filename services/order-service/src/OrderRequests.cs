using Argosy.Chassis;

namespace Argosy.Orders;

/// <summary>What a request must be like before any rule looks at it.</summary>
internal static class OrderRequests
{
    private const int MaxToken = 255;

    /// <summary>Everything that is wrong with an order, or null.</summary>
    public static Problem? Check(PlaceOrder request)
    {
        var check = new Validation();
        check.That(request.PaymentToken is { Length: > 0 and <= MaxToken } token && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'),
            "paymentToken", $"must be the payment provider's token, 1 to {MaxToken} letters, digits, '_' or '-'");
        if (check.That(request.Lines is { Count: >= 1 and <= Order.MaxLines }, "lines", $"must be a list of 1 to {Order.MaxLines} lines, and has {request.Lines?.Count ?? 0}"))
        {
            CheckLines(check, request.Lines!);
        }

        if (request.ShippingAddress is { } address)
        {
            CheckAddress(check, address);
        }

        return check.Problem;
    }

    /// <summary>What is wrong with the reason of a cancellation, or null.</summary>
    public static Problem? Check(string reason)
    {
        var check = new Validation();
        check.Text(reason, "reason", 200);
        return check.Problem;
    }

    private static void CheckLines(Validation check, IReadOnlyList<PlaceLine> lines)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (line is null)
            {
                check.That(false, $"lines[{i}]", "must not be null");
                continue;
            }

            check.That(line.Quantity is >= 1 and <= Order.MaxQuantity, $"lines[{i}].quantity", $"must be from 1 to {Order.MaxQuantity}");
            if (check.Text(line.Sku, $"lines[{i}].sku", 64))
            {
                check.That(seen.Add(line.Sku!), $"lines[{i}].sku", "must not repeat: one line for each item");
            }
        }
    }

    private static void CheckAddress(Validation check, Address address)
    {
        check.Text(address.Name, "shippingAddress.name", 100);
        check.Text(address.Street, "shippingAddress.street", 200);
        check.Text(address.City, "shippingAddress.city", 100);
        check.Text(address.PostalCode, "shippingAddress.postalCode", 20);
        check.That(address.Country is { Length: 2 } country && country.All(char.IsAsciiLetterUpper), "shippingAddress.country", "must be an ISO 3166-1 code of two capital letters");
    }
}
