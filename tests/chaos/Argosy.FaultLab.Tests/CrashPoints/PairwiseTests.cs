using Argosy.FaultLab.CrashPoints;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.CrashPoints;

public sealed class PairwiseTests
{
    private static readonly IReadOnlyList<string[]> Cases =
        [.. from a in "123" from b in "xyz" from c in "+-" from d in "LR" select new[] { $"{a}", $"{b}", $"{c}", $"{d}" }];

    [Fact]
    public void A_few_cases_bring_every_pair_together()
    {
        var pairwise = new Pairwise(seed: 7);

        var chosen = pairwise.Choose(Cases, 12, one => one);

        // Nine is the least for three values by three; greedy takes a few more.
        pairwise.Met.ShouldBe(Pairwise.Possible(Cases));
        Pairwise.Possible(Cases).ShouldBe((3 * 3) + (2 * 3 * 2 * 2) + (2 * 2));
        chosen.Distinct().Count().ShouldBe(chosen.Count);
        PairsOf(chosen).ShouldBe(pairwise.Met);
    }

    [Fact]
    public void Each_choice_brings_the_most_pairs_that_are_left()
    {
        var last = int.MaxValue;
        for (var count = 1; count <= 12; count++)
        {
            var (before, after) = (new Pairwise(7), new Pairwise(7));
            before.Choose(Cases, count - 1, one => one);
            after.Choose(Cases, count, one => one);

            (after.Met - before.Met).ShouldBeLessThanOrEqualTo(last, $"choice {count}");
            last = after.Met - before.Met;
        }
    }

    [Fact]
    public void The_same_seed_chooses_the_same_and_another_seed_others()
    {
        List<string> Choice(int seed) => [.. new Pairwise(seed).Choose(Cases, 10, one => one).Select(one => string.Concat(one))];

        Choice(1).ShouldBe(Choice(1));
        Choice(1).ShouldNotBe(Choice(2));
    }

    [Fact]
    public void Who_wants_more_cases_than_there_are_gets_each_of_them_once() => new Pairwise(3).Choose(Cases, 100, one => one).Distinct().Count().ShouldBe(Cases.Count);

    private static int PairsOf(IReadOnlyList<string[]> cases) => Pairwise.Possible(cases);
}
