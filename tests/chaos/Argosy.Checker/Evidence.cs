using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Argosy.Checker;

/// <summary>Rows as facts: where a row stands, and what is in it that a person can read.</summary>
internal static class Evidence
{
    private const int MostRows = 10;
    private const int MostCharacters = 160;

    /// <param name="databases">Where the rows are.</param>
    /// <param name="process">Whose database it is.</param>
    /// <param name="reference"><c>schema.table/column/value</c>.</param>
    public static IReadOnlyList<Fact> Of(Databases databases, string process, string reference)
    {
        var (table, column, value) = reference.Split('/', 3) is [var t, var c, var v] ? (t, c, v) : throw new InvalidOperationException($"{reference} refers to no row.");
        var from = $"{process}: {table[(table.IndexOf('.', StringComparison.Ordinal) + 1)..]}, {column} {value}";
        using var command = databases.Command($"select * from {table} where {column} = @value limit {MostRows}", ("@value", value));
        using var rows = command.ExecuteReader();
        var facts = new List<Fact>();
        while (rows.Read())
        {
            facts.Add(new Fact(from, Text(rows, column)));
        }

        return facts.Count > 0 ? facts : [new Fact(from, "no such row")];
    }

    private static string Text(SqliteDataReader row, string without)
    {
        var text = new StringBuilder();
        for (var i = 0; i < row.FieldCount; i++)
        {
            if (row.GetName(i) != without && !row.IsDBNull(i) && row.GetValue(i) is not byte[])
            {
                var value = Convert.ToString(row.GetValue(i), CultureInfo.InvariantCulture)!;
                text.Append(text.Length > 0 ? ", " : "").Append(row.GetName(i)).Append(' ').Append(value.Length > MostCharacters ? value[..MostCharacters] + "…" : value);
            }
        }

        return text.ToString();
    }
}
