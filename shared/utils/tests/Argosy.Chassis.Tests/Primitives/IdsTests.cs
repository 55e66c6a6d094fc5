using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Primitives;

public sealed class IdsTests
{
    private static readonly Guid Dns = new("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

    [Fact]
    public void A_name_gives_the_identity_that_RFC_9562_says() =>
        Ids.From("www.example.com", Dns).ShouldBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");  // appendix A.4

    [Fact]
    public void The_namespace_is_for_ever() =>
        Ids.From("order/1").ShouldBe("cb4a3f9b-0266-5863-9b60-e374dbd56835");

    [Fact]
    public void Equal_names_give_equal_identities_and_different_names_different_ones() => Property.Holds(
        Gen.Two(ArbMap.Default.GeneratorFor<NonNull<string>>()).ToArbitrary(),
        pair =>
        {
            // Names are compared as UTF-8: lone surrogates, which no UTF-8 has, all become the same replacement.
            var (one, other) = (Utf8(pair.Item1.Get), Utf8(pair.Item2.Get));
            var id = Ids.From(one);
            id.ShouldBe(Ids.From(one));
            (Ids.From(other) == id).ShouldBe(one == other);
            Guid.Parse(id).Version.ShouldBe(5);
            Guid.Parse(id).Variant.ShouldBeInRange(8, 11);
        },
        count: 1000);

    [Fact]
    public void Names_of_any_length_have_an_identity() =>
        Enumerable.Range(230, 20).Select(n => Ids.From(new string('x', n))).Distinct().Count().ShouldBe(20);

    [Fact]
    public void New_identities_sort_by_the_time_they_were_made()
    {
        var time = new FakeTime();
        var ids = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            ids.Add(Ids.New(time));
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        ids.Order(StringComparer.Ordinal).ShouldBe(ids);
        ids.ShouldAllBe(id => id.Length == 36 && Guid.Parse(id).Version == 7);
    }

    private static string Utf8(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
}
