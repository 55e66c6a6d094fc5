using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Argosy.Chassis.Hosting;

/// <summary>A part of a list, as the API shows it.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="NextCursor">What to send as <c>cursor</c> for the rest; null at the end.</param>
public sealed record Page<T>(
    IReadOnlyList<T> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>
/// The <c>limit</c> (1 to 100, 50 when absent) and <c>cursor</c> of a list request; binds as a parameter of an endpoint.
/// </summary>
/// <param name="Limit">How many items the caller wants.</param>
/// <param name="After">The key of the last item the caller has, or null at the beginning.</param>
/// <example><code>
/// var rows = await store.QueryAsync&lt;Row&gt;("select … where id > @After order by id limit @Take", new { After = paging.After ?? "", paging.Take });
/// return paging.Of(rows, row => row.Id, row => row.ToJson());
/// </code></example>
public sealed record Paging(int Limit, string? After)
{
    private const int Most = 100;
    private const int Default = 50;
    private const int LongestCursor = 512;

    /// <summary>How many rows to ask the store for: one more than the limit, to know whether there are more.</summary>
    public int Take => Limit + 1;

    /// <summary>Makes the page of the rows that <see cref="Take"/> asked for.</summary>
    /// <param name="rows">In the order of their keys.</param>
    /// <param name="key">What the next query goes on from; unique among the rows.</param>
    /// <param name="show">What the caller sees of a row.</param>
    public Page<T> Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, string> key, Func<TRow, T> show) => rows.Count <= Limit
        ? new([.. rows.Select(show)], null)
        : new([.. rows.Take(Limit).Select(show)], Encode(key(rows[Limit - 1])));

    /// <summary>Reads the two query parameters.</summary>
    /// <exception cref="ProblemException">400 with what is wrong with which.</exception>
    public static ValueTask<Paging> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var query = context.Request.Query;
        return ValueTask.FromResult(Parse(query["limit"], query["cursor"], out var paging) is { } problem
            ? throw new ProblemException(problem)
            : paging);
    }

    /// <summary>As an endpoint reads them, for whoever has only the texts.</summary>
    public static Problem? Parse(string? limit, string? cursor, out Paging paging)
    {
        var check = new Validation();
        var number = Default;
        if (!string.IsNullOrEmpty(limit))
        {
            check.That(int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is >= 1 and <= Most,
                "limit", $"must be a number from 1 to {Most}, and is '{CallersText.Shown(limit)}'");
        }

        string? after = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            check.That(TryDecode(cursor, out after), "cursor", "must be the nextCursor of the page before");
        }

        paging = new Paging(number, after);
        return check.Problem;
    }

    internal static string Encode(string key) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(key));

    private static bool TryDecode(string cursor, out string? key)
    {
        key = null;
        if (cursor.Length > LongestCursor)
        {
            return false;
        }

        try
        {
            key = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(WebEncoders.Base64UrlDecode(cursor));
            return key.Length > 0 && Encode(key) == cursor && !key.Any(char.IsControl);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return false;
        }
    }
}
