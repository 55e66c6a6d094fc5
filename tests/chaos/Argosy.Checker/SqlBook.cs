namespace Argosy.Checker;

/// <summary>
/// A book that is queries (<c>Books/LETTER.sql</c>): the first gives the summary, every row of the others is a finding. Its first column
/// says it in words; all further ones say which rows contradict each other, as <c>schema.table/column/value</c>.
/// </summary>
internal sealed record SqlBook(string Letter, string Name, IReadOnlyList<string> Queries)
{
    private const string EndOfStatement = ";\n";

    /// <summary>Of how many findings of a book the rows are looked up: where thousands are wrong, nobody reads more.</summary>
    private const int Shown = 100;

    /// <summary>How long the services promise to remember idempotency keys, less what the clocks of two machines may differ.</summary>
    private static readonly TimeSpan KeysRemembered = TimeSpan.FromDays(7) - TimeSpan.FromHours(1);

    public static SqlBook Read(string letter, string name) => new(letter, name, Split(Text($"{letter}.sql")));

    public static string Text(string resource)
    {
        using var stream = typeof(SqlBook).Assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"{resource} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    public BookResult Check(Databases databases, DateTimeOffset now)
    {
        var summary = databases.Rows(Queries[0])[0][0]!;
        var found = Queries.Skip(1).SelectMany(query => Run(query, databases, now)).DistinctBy(row => row[0], StringComparer.Ordinal);
        return new BookResult($"{Letter} {Name}", summary, [.. found.Select((row, i) => new Finding(row[0]!) { Facts = i < Shown ? [.. row.Skip(1).OfType<string>().SelectMany(databases.Facts)] : [] })]);
    }

    private static IReadOnlyList<IReadOnlyList<string?>> Run(string query, Databases databases, DateTimeOffset now) => query.Contains("@remembered", StringComparison.Ordinal)
        ? databases.Rows(query, ("@remembered", (now - KeysRemembered).ToUnixTimeMilliseconds()))
        : databases.Rows(query);

    private static string[] Split(string text) => text.Split(EndOfStatement, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
