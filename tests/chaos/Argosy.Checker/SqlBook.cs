namespace Argosy.Checker;

/// <summary>
/// A book that is queries (<c>Books/LETTER.sql</c>): the first gives the summary, every row of the others is a finding, in words.
/// </summary>
internal sealed record SqlBook(string Letter, string Name, IReadOnlyList<string> Queries)
{
    private const string EndOfStatement = ";\n";

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
        var summary = databases.Texts(Queries[0])[0];
        var findings = Queries.Skip(1).SelectMany(query => Run(query, databases, now)).Distinct(StringComparer.Ordinal).ToList();
        return new BookResult($"{Letter} {Name}", summary, findings);
    }

    private static IReadOnlyList<string> Run(string query, Databases databases, DateTimeOffset now) => query.Contains("@remembered", StringComparison.Ordinal)
        ? databases.Texts(query, ("@remembered", (now - KeysRemembered).ToUnixTimeMilliseconds()))
        : databases.Texts(query);

    private static string[] Split(string text) => text.Split(EndOfStatement, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
