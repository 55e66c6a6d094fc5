using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Mono.Cecil.Cil;
using Npgsql;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

/// <summary>
/// Services' SQL is written once, in a subset that SQLite and PostgreSQL share (docs/decisions/0005-portable-sql.md). All of it is
/// found in the compiled code and prepared against the service's own schema, on both; what only one engine knows is refused by name.
/// </summary>
public sealed partial class PortableSqlTests(PostgresForAll postgres) : IClassFixture<PostgresForAll>
{
    public static TheoryData<string> Services => [.. Repository.Services.Where(service => Schemas(service).Length > 0)];

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_statement_of_a_service_is_portable_and_fits_its_schema(string service)
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        foreach (var script in ScriptsOf(service, "Argosy.Chassis.Sqlite"))
        {
            Run(connection, script);
        }

        foreach (var script in Schemas(service).Select(schema => Comment().Replace(File.ReadAllText(schema), "")))
        {
            Dialect().Matches(script).Select(match => match.Value).ShouldBeEmpty(script);
        }

        foreach (var sql in StatementsOf(service))
        {
            Dialect().Matches(sql).Select(match => match.Value).ShouldBeEmpty(sql);
            Prepare(connection, sql);
        }
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Every_statement_of_a_service_is_understood_by_PostgreSQL_too(string service)
    {
        await using var connection = await postgres.OpenAsync(service);
        foreach (var script in ScriptsOf(service, "Argosy.Chassis.Postgres"))
        {
            await RunAsync(connection, script);
        }

        foreach (var sql in StatementsOf(service))
        {
            var names = Parameter().Matches(sql).Select(match => match.Value).Distinct().ToList();
            var positional = Parameter().Replace(sql, match => $"${names.IndexOf(match.Value) + 1}");
            await Should.NotThrowAsync(() => RunAsync(connection, $"prepare one as {positional}"), sql);
            await RunAsync(connection, "deallocate one");
        }
    }

    // The adapter's tables in the order of their numbers, then the service's own.
    private static IEnumerable<string> ScriptsOf(string service, string adapter) =>
        Directory.GetFiles(Repository.PathOf("shared", "utils", "src", adapter, "Sql"), "chassis*.sql").OrderBy(file => file.Length).Concat(Schemas(service)).Select(File.ReadAllText);

    private static string[] StatementsOf(string service)
    {
        using var assembly = Repository.ReadService(service);
        var statements = assembly.AllTypes().SelectMany(type => type.Instructions())
            .Where(instruction => instruction.OpCode == OpCodes.Ldstr).Select(instruction => (string)instruction.Operand).Where(IsStatement).Distinct().ToArray();
        statements.ShouldNotBeEmpty();
        return statements;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string[] Schemas(string service) => [.. Directory.GetFiles(Repository.PathOf("services", service, "src"), "schema*.sql").OrderBy(file => file.Length).ThenBy(file => file, StringComparer.Ordinal)];

    private static void Run(SqliteConnection connection, string script)
    {
        using var command = connection.CreateCommand();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }

    private static void Prepare(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in Parameter().Matches(sql).Select(match => match.Value).Distinct())
        {
            command.Parameters.AddWithValue(name, DBNull.Value);
        }

        Should.NotThrow(command.Prepare, sql);
    }

    // A string that begins like a statement and is whole: pieces that are put together at run time are run by the component tests.
    private static bool IsStatement(string text) => Statement().IsMatch(text) && !char.IsWhiteSpace(text[^1]);

    [GeneratedRegex(@"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s)", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Statement();

    [GeneratedRegex(@"--.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\b(pragma|rowid|autoincrement|glob|strftime|datetime|julianday|ifnull|iif|json_\w+|jsonb?|insert\s+or|replace\s+into|now\s*\(|current_timestamp|serial|ilike|timestamptz?|boolean|datetime|real|for\s+update|limit\s+all)\b|::", RegexOptions.IgnoreCase)]
    private static partial Regex Dialect();
}
