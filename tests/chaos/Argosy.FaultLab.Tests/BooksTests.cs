using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>A fleet whose books nobody can read has not held: it is a finding like any other, and the campaign goes on.</summary>
public sealed class BooksTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-books-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Databases_that_are_no_more_are_found()
    {
        var books = await ReadAsync();

        Books.FindingsOf(books).ShouldHaveSingleItem().ShouldStartWith("no book can be read: there is no database ");
    }

    [Fact]
    public async Task A_database_that_is_none_any_more_is_found()
    {
        foreach (var process in new[] { "order-service", "payment-service", "payment-provider", "inventory-service", "shipping-service", "user-service", "notification-service", "auth-service" })
        {
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "services", process)).FullName, $"{process}.db"), new string('x', 8192), TestContext.Current.CancellationToken);
        }

        var books = await ReadAsync();

        Books.FindingsOf(books).ShouldHaveSingleItem().ShouldStartWith($"no book can be read: the databases of {_folder} can't be read: ");
    }

    [Fact]
    public async Task A_history_that_cannot_be_read_is_found_and_has_no_operations()
    {
        var history = Path.Combine(_folder, "torn.jsonl");
        await File.WriteAllTextAsync(history, "{\"op\":", TestContext.Current.CancellationToken);

        Books.OperationsOf(history).ShouldBeEmpty();
        Books.FindingsOf(await ReadAsync()).ShouldNotBeEmpty();
    }

    private async Task<IReadOnlyList<Checker.BookResult>> ReadAsync()
    {
        var history = Path.Combine(_folder, "nobody.jsonl");
        await File.WriteAllTextAsync(history, "", TestContext.Current.CancellationToken);
        return await Books.ReadAsync(_folder, history, TimeSpan.Zero, TimeProvider.System, TestContext.Current.CancellationToken);
    }
}
