namespace Argosy.Chassis;

/// <summary>Collects everything that is wrong with a request, so that the caller learns it at once and not one by one.</summary>
/// <example><code>
/// var check = new Validation();
/// check.That(request.Quantity is >= 1 and &lt;= 99, "quantity", "must be from 1 to 99");
/// if (check.Problem is { } problem) return problem.ToResult();
/// </code></example>
public sealed class Validation
{
    private readonly SortedDictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    /// <summary>Notes <paramref name="message"/> against <paramref name="member"/> unless <paramref name="valid"/>.</summary>
    /// <param name="valid">What should be true.</param>
    /// <param name="member">The member's JSON name, e.g. <c>lines[0].quantity</c>.</param>
    /// <param name="message">Continues "The member …", e.g. <c>must be from 1 to 99</c>.</param>
    /// <returns><paramref name="valid"/>, so that checks can build on each other.</returns>
    public bool That(bool valid, string member, string message)
    {
        if (!valid)
        {
            if (!_errors.TryGetValue(member, out var messages))
            {
                _errors[member] = messages = [];
            }

            messages.Add(message);
        }

        return valid;
    }

    /// <summary>The text must be there, not blank, at most <paramref name="max"/> UTF-16 units and free of control characters.</summary>
    public bool Text(string? value, string member, int max, int min = 1)
    {
        if (!That(!string.IsNullOrWhiteSpace(value), member, "is required"))
        {
            return false;
        }

        return That(value!.Length >= min && value.Length <= max, member, $"must have from {min} to {max} characters")
            && That(!value.Any(char.IsControl), member, "must not have control characters");
    }

    /// <summary>The refusal, or null when nothing is wrong.</summary>
    public Problem? Problem => _errors.Count == 0
        ? null
        : Problem.Invalid(_errors.ToDictionary(e => e.Key, e => e.Value.ToArray(), StringComparer.Ordinal));
}
