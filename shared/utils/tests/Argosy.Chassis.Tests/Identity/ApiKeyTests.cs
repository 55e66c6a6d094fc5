using Argosy.Chassis.Hosting.Identity;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Identity;

public sealed class ApiKeyTests
{
    private const string Secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public void A_new_key_is_read_as_it_was_written_and_shows_its_prefix_only()
    {
        var key = ApiKey.New();

        var read = ApiKey.Parse(key.Text).ShouldNotBeNull();
        (read.Prefix, read.Hash).ShouldBe((key.Prefix, key.Hash));
        key.ToString().ShouldBe($"argosy_{key.Prefix}");
        key.Hash.Length.ShouldBe(64);
    }

    [Theory]
    [InlineData("argosy_abcdefg9_" + Secret, true)]
    [InlineData("", false)]
    [InlineData("argosy_", false)]
    [InlineData("argosy_abcdefg9_", false)]
    [InlineData("argosy_abcdefG9_" + Secret, false)]
    [InlineData("argosy_abcdefg9-" + Secret, false)]
    [InlineData("Argosy_abcdefg9_" + Secret, false)]
    [InlineData("argosy_abcdefg9_" + Secret + "A", false)]
    [InlineData("argosy_abcdefg9_+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("argosy_abcdefg9_ AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("argosy_abcdefg9_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", false)]
    public void What_has_not_the_form_of_a_key_is_none(string text, bool isKey) => (ApiKey.Parse(text) is not null).ShouldBe(isKey);
}
