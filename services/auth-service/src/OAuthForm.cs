using Microsoft.AspNetCore.Http.Features;

namespace Argosy.Auth;

/// <summary>The parameters of an OAuth request: each at most once, an empty one as if it were absent (RFC 6749 §3.1, §3.2).</summary>
internal sealed class OAuthForm
{
    private static readonly FormOptions Small = new() { ValueCountLimit = 24, KeyLengthLimit = 64, ValueLengthLimit = 16 * 1024, BufferBodyLengthLimit = 64 * 1024 };

    private readonly Dictionary<string, string> _values;

    private OAuthForm(Dictionary<string, string> values) => _values = values;

    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Those of these names that are there.</summary>
    public IEnumerable<KeyValuePair<string, string>> Of(IEnumerable<string> names) => _values.Where(value => names.Contains(value.Key, StringComparer.Ordinal));

    /// <summary>From a query; null where a parameter is there more than once.</summary>
    public static OAuthForm? From(IQueryCollection query) => From(query.Select(field => (field.Key, (IReadOnlyList<string?>)field.Value)));

    /// <summary>From a body; the error says what is wrong with it.</summary>
    public static async Task<(OAuthForm? Form, string? Fault)> ReadAsync(HttpRequest http, CancellationToken ct)
    {
        if (http.ContentType?.Split(';')[0].Trim().Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
        {
            return (null, "The body must be application/x-www-form-urlencoded.");
        }

        try
        {
            var fields = await http.ReadFormAsync(Small, ct);
            return From(fields.Select(field => (field.Key, (IReadOnlyList<string?>)field.Value))) is { } form
                ? (form, null)
                : (null, "A parameter is there more than once.");
        }
        catch (InvalidDataException)
        {
            return (null, "The form is too large.");
        }
    }

    private static OAuthForm? From(IEnumerable<(string Name, IReadOnlyList<string?> Values)> fields)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, given) in fields)
        {
            if (given.Count > 1 || (given is [{ Length: > 0 } value] && !values.TryAdd(name, value)))
            {
                return null;
            }
        }

        return new OAuthForm(values);
    }
}
