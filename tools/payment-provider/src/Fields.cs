using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Argosy.PaymentProvider;

/// <summary>The form fields of a request, Stripe's way: <c>amount=100&amp;metadata[order_id]=…</c>.</summary>
internal sealed class Fields(IEnumerable<KeyValuePair<string, StringValues>> pairs)
{
    private const string MetadataOpen = "metadata[";

    private readonly SortedDictionary<string, string> _values =
        new(pairs.ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal), StringComparer.Ordinal);

    public string? Text(string name) => _values.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public bool IsTrue(string name) => Text(name) == "true";

    /// <summary>A positive amount of minor units, up to twelve digits as at Stripe.</summary>
    public long Amount(string name)
    {
        var text = Text(name) ?? throw Refusal.Missing(name);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && amount is > 0 and <= 999_999_999_999
            ? amount
            : throw Refusal.Parameter(name, "parameter_invalid_integer", $"Invalid positive integer: {text}");
    }

    public Dictionary<string, string> Metadata()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in _values.Where(v => v.Key.StartsWith(MetadataOpen, StringComparison.Ordinal)))
        {
            var key = name[MetadataOpen.Length..].TrimEnd(']');
            if (key.Length is 0 or > 40 || value.Length > 500 || found.Count == 50)
            {
                throw Refusal.Parameter(name, "parameter_invalid", "Metadata has at most 50 keys of 40 characters with values of 500.");
            }

            found.Add(key, value);
        }

        return found;
    }

    /// <summary>What an idempotency key stands for: the same path and fields, in whatever order they were sent.</summary>
    public byte[] Fingerprint(string path)
    {
        var text = new StringBuilder(path);
        foreach (var (name, value) in _values)
        {
            text.Append('\n').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
