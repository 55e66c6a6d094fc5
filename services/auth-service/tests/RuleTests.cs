using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Auth.Tests;

/// <summary>Addresses and passwords.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("Ada@Example.ORG", "ada@example.org")]
    [InlineData("  ada@example.org ", "ada@example.org")]
    [InlineData("a.b+tag@sub.example.org", "a.b+tag@sub.example.org")]
    [InlineData("o'brien@example.org", "o'brien@example.org")]
    [InlineData("admin@argosy.local", "admin@argosy.local")]
    [InlineData("ada", null)]
    [InlineData("ada@localhost", null)]
    [InlineData("@example.org", null)]
    [InlineData("ada@", null)]
    [InlineData("ada@example..org", null)]
    [InlineData("ada@-example.org", null)]
    [InlineData(".ada@example.org", null)]
    [InlineData("ada@@example.org", null)]
    [InlineData("ada@example.org\n", null)]
    [InlineData("a\tda@example.org", null)]
    [InlineData("\"a b\"@example.org", null)]
    [InlineData("ada@[127.0.0.1]", null)]
    [InlineData("ädä@example.org", null)]
    [InlineData("", null)]
    public void An_address_has_one_form(string text, string? normal) => EmailAddress.Normalise(text).ShouldBe(normal);

    [Fact]
    public void Addresses_are_not_longer_than_smtp_takes()
    {
        var label = new string('d', 63);
        EmailAddress.Normalise($"{new string('l', 64)}@example.org").ShouldNotBeNull();
        EmailAddress.Normalise($"{new string('l', 65)}@example.org").ShouldBeNull();
        EmailAddress.Normalise($"ada@{label}.{label}.{label}.org").ShouldNotBeNull();
        EmailAddress.Normalise($"ada@{label}.{label}.{label}.{label}.org").ShouldBeNull();
        EmailAddress.Normalise($"ada@{label}d.org").ShouldBeNull();
    }

    [Fact]
    public void The_form_of_an_address_is_its_own_form() => Property.Holds(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
    {
        foreach (var candidate in new[] { text.Get, $"{text.Get}@example.org", $"a@{text.Get}.org" })
        {
            if (EmailAddress.Normalise(candidate) is { } normal)
            {
                EmailAddress.Normalise(normal).ShouldBe(normal);
                normal.ShouldAllBe(c => c > ' ' && c < 127);
            }
        }
    }, count: 2_000);

    [Theory]
    [InlineData("1234567", "must have from 8 to 128 characters")]
    [InlineData("🦜🦜🦜🦜", "must have from 8 to 128 characters")]
    [InlineData("password", "is among the first that anybody would try")]
    [InlineData("PassWord123", "is among the first that anybody would try")]
    [InlineData("iloveyou", "is among the first that anybody would try")]
    [InlineData("--------", "is among the first that anybody would try")]
    [InlineData("Christabel@Example.org", "must not be the e-mail address")]
    [InlineData("christabel", "must not be the e-mail address")]
    [InlineData("8 chars!", null)]
    [InlineData("correct horse", null)]
    [InlineData("🦜🦜🦜🦜🦜🦜🐢🦜", null)]
    [InlineData("        a", null)]
    public void A_password_is_long_and_not_obvious(string password, string? fault) =>
        PasswordPolicy.Fault(password, "christabel@example.org").ShouldBe(fault);

    [Theory]
    [InlineData("michelle")]        // a name
    [InlineData("qwerty123")]
    [InlineData("1q2w3e4r5t")]
    [InlineData("13091984")]        // a day
    [InlineData("Trustno1")]
    public void What_is_tried_first_is_refused(string password) => PasswordPolicy.Fault(password, "a@example.org").ShouldBe("is among the first that anybody would try");

    [Fact]
    public void The_list_has_the_three_thousand_that_the_rule_of_length_lets_through()
    {
        PasswordPolicy.Common.Count.ShouldBeGreaterThanOrEqualTo(3_000);
        PasswordPolicy.Common.ShouldAllBe(password => password.Length >= PasswordPolicy.MinLength && !password.Any(char.IsUpper));
    }

    [Fact]
    public void Long_passwords_are_taken_as_they_are()
    {
        PasswordPolicy.Fault(string.Concat(Enumerable.Repeat("ab", 64)), "a@example.org").ShouldBeNull();
        PasswordPolicy.Fault(string.Concat(Enumerable.Repeat("ab", 64)) + "c", "a@example.org").ShouldNotBeNull();
    }
}
