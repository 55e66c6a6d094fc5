using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

/// <summary>The forty cases of abuse, each a test that has its number in its name.</summary>
public sealed partial class AbuseTests
{
    // 25 needs webhooks that we send, 36 mutual TLS: there is neither yet. Whoever adds one takes it out of here.
    private static readonly int[] NotYet = [25, 36];

    [Fact]
    public void Every_case_of_abuse_has_a_test_named_after_it()
    {
        var tried = Repository.Sources("tests").Concat(Repository.Sources("services"))
            .SelectMany(file => Named().Matches(File.ReadAllText(file)))
            .Select(match => int.Parse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture))
            .ToHashSet();

        Enumerable.Range(1, 40).Except(tried).ShouldBe(NotYet);
        tried.ShouldAllBe(number => number >= 1 && number <= 40);
    }

    // With its attributes before it: a method that nobody runs is no test.
    [GeneratedRegex(@"\[(?:Fact|Theory)\b[^\n]*\](?:\s*\[[^\n]*\](?:\s*//[^\n]*)?)*\s+public (?:async )?(?:Task|void) Case(\d+)_", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Named();
}
