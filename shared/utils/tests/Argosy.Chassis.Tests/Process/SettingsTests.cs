using Argosy.Chassis.Hosting;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Process;

/// <summary>Values that stand in files: <c>NAME_FILE</c> for <c>NAME</c>.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("redis://cache:6379")]
    [InlineData("redis://cache:6379\n")]
    [InlineData("redis://cache:6379\r\n")]
    public void A_value_may_stand_in_a_file_with_or_without_the_end_of_its_line(string content)
    {
        File.WriteAllText(_file, content);
        var settings = Given(("REDIS_URL_FILE", _file));
        settings.Text("REDIS_URL").ShouldBe("redis://cache:6379");
        settings.Errors.ShouldBeEmpty();
    }

    [Fact]
    public void Numbers_words_and_addresses_may_too()
    {
        File.WriteAllText(_file, "42");
        Given(("SERVICE_PORT_FILE", _file)).Number("SERVICE_PORT", otherwise: 1, min: 0, max: 100).ShouldBe(42);
    }

    [Fact]
    public void A_file_that_is_not_there_is_one_error_however_often_it_is_asked_for()
    {
        var settings = Given(("REDIS_URL_FILE", "/no/such/file"));
        settings.Text("REDIS_URL").ShouldBeNull();
        settings.Text("REDIS_URL").ShouldBeNull();
        settings.Errors.ShouldHaveSingleItem().ShouldStartWith("REDIS_URL_FILE is '/no/such/file', which cannot be read: ");
    }

    [Fact]
    public void An_empty_file_is_a_secret_that_nobody_wrote()
    {
        var settings = Given(("REDIS_URL_FILE", _file));
        settings.Text("REDIS_URL").ShouldBeNull();
        settings.Errors.ShouldBe([$"REDIS_URL_FILE is '{_file}', and the file is empty: write the value into it, or leave the variable unset."]);
    }

    [Fact]
    public void A_file_of_something_else_is_not_read_into_memory()
    {
        File.WriteAllText(_file, new string('x', 70_000));
        var settings = Given(("REDIS_URL_FILE", _file));
        settings.Text("REDIS_URL").ShouldBeNull();
        settings.Errors.ShouldHaveSingleItem().ShouldContain("more than 65536 bytes");
    }

    [Fact]
    public void Both_is_an_error_that_repeats_neither_value()
    {
        File.WriteAllText(_file, "secret-1");
        var settings = Given(("REDIS_URL", "secret-2"), ("REDIS_URL_FILE", _file));
        settings.Text("REDIS_URL");
        settings.Errors.ShouldBe(["REDIS_URL is set, and REDIS_URL_FILE too: leave one of them."]);
    }

    [Fact]
    public void An_empty_name_is_no_file()
    {
        var settings = Given(("REDIS_URL", "redis://cache"), ("REDIS_URL_FILE", ""));
        settings.Text("REDIS_URL").ShouldBe("redis://cache");
        settings.Errors.ShouldBeEmpty();
    }

    private static Settings Given(params (string Name, string Value)[] environment) =>
        new(new ConfigurationBuilder().AddInMemoryCollection(environment.ToDictionary(e => e.Name, e => (string?)e.Value, StringComparer.Ordinal)).Build());
}
