using System.Text;
using Argosy.Chassis.Redis.Resp;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Redis;

public sealed class RespParserProperties
{
    private static readonly Gen<RespValue> Leaf = Gen.OneOf(
        Gen.Constant(RespValue.Null),
        Gen.Elements(0L, -1, 1, 42, long.MaxValue, long.MinValue).Select(RespValue.OfInteger),
        Gen.Elements(true, false).Select(RespValue.OfBoolean),
        Gen.Elements(0.0, -0.5, 3.25e-7, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity).Select(RespValue.OfDouble),
        Gen.Elements("0", "-1234567890123456789012345678901234567890").Select(digits => RespValue.OfBytes(RespKind.BigNumber, Encoding.ASCII.GetBytes(digits))),
        Gen.Elements(RespKind.Text, RespKind.Error, RespKind.Verbatim).SelectMany(kind => Bytes(40).Select(bytes => RespValue.OfBytes(kind, bytes))),
        Gen.Elements(RespKind.Text, RespKind.Error).SelectMany(kind => Gen.Elements("", "OK", "ERR no", "a b").Select(text => RespValue.OfBytes(kind, Encoding.ASCII.GetBytes(text)))));

    private static readonly Gen<RespValue> Reply = Gen.Sized(size => Tree(Math.Min(4, size / 8)))
        .SelectMany(value => Gen.Elements(true, false, false).Select(push => push ? RespValue.OfItems(RespKind.Push, [value]) : value));

    [Fact]
    public void Every_reply_reads_back_as_it_was_written_however_the_stream_is_cut() => Property.Holds(
        Reply.ListOf().SelectMany(replies => Gen.Choose(1, 20).ArrayOf().Select(cuts => (replies, cuts))).ToArbitrary(),
        story =>
        {
            var stream = story.replies.SelectMany(Resp3Writer.Write).ToArray();

            ReadAll(stream, story.cuts).Select(reply => reply.ToString()).ShouldBe(story.replies.Select(reply => reply.ToString()));
        }, 500);

    [Fact]
    public void A_reply_that_is_cut_off_is_waited_for() => Property.Holds(
        Reply.SelectMany(reply => Gen.Choose(0, 1000).Select(cut => (reply, cut))).ToArbitrary(),
        story =>
        {
            var stream = Resp3Writer.Write(story.reply);
            var cut = stream[..(story.cut % stream.Length)];

            ReadAll(cut, [7]).ShouldBeEmpty();
        }, 500);

    [Fact]
    public void Garbage_is_refused_or_waited_on_and_costs_no_more_memory_than_it_has_bytes() => Property.Holds(
        Gen.OneOf(Bytes(200), Reply.SelectMany(reply => Bytes(3).SelectMany(dirt => Gen.Choose(0, 1000).Select(at => Spoil(Resp3Writer.Write(reply), dirt, at))))).ToArbitrary(),
        bytes =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(bytes, [5]);
            }
            catch (RespException)
            {
                // Refused, by its name.
            }

            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
        }, 2000);

    [Fact]
    public void An_attribute_is_dropped_and_what_it_is_about_is_read() => Property.Holds(
        Reply.SelectMany(reply => Tree(1).Select(about => (reply, about))).ToArbitrary(),
        story =>
        {
            byte[] stream = [.. "|1\r\n+ttl\r\n"u8, .. Resp3Writer.Write(story.about), .. Resp3Writer.Write(story.reply)];

            ReadAll(stream, [3]).ShouldHaveSingleItem().ToString().ShouldBe(story.reply.ToString());
        }, 200);

    [Theory]
    [InlineData(":12a\r\n", "a number that is '12a'")]
    [InlineData(": 12\r\n", "a number that is ' 12'")]
    [InlineData(":92233720368547758080\r\n", "a number that is")]
    [InlineData(":1\n", "a line that does not end with CR LF")]
    [InlineData("+a\rb\r\n", "a line that does not end with CR LF")]
    [InlineData("\r\n", "an empty line")]
    [InlineData("?\r\n", "a value that begins with '?'")]
    [InlineData("#x\r\n", "a value that begins with '#x'")]
    [InlineData(",1,5\r\n", "a double that is '1,5'")]
    [InlineData("(12.5\r\n", "a big number that is '12.5'")]
    [InlineData("$-2\r\n", "a blob of -2 bytes")]
    [InlineData("$3\r\nabcd\r\n", "a blob that is not as long as it says")]
    [InlineData("$?\r\n", "a number that is '?'")]
    [InlineData("=3\r\ntxt\r\n", "a verbatim string without a format")]
    [InlineData("$9000000\r\n", "more than 8388608 bytes in one reply")]
    [InlineData("*-2\r\n", "an aggregate of -2")]
    [InlineData("*70000\r\n", "an aggregate of 70000")]
    [InlineData("%40000\r\n", "an aggregate of 40000")]
    [InlineData("*1\r\n>1\r\n+a\r\n", "a value that begins with '>1'")]
    public void What_is_no_RESP3_is_refused_by_name(string stream, string named) =>
        Should.Throw<RespException>(() => ReadAll(Encoding.UTF8.GetBytes(stream), [1])).Message.ShouldContain(named);

    [Fact]
    public void Replies_have_limits_in_depth_in_number_and_in_the_length_of_a_line()
    {
        Refused(string.Concat(Enumerable.Repeat("*1\r\n", 17))).ShouldContain("16 deep");
        Refused("*60000\r\n" + string.Concat(Enumerable.Repeat("*2\r\n:1\r\n:1\r\n", 30_000))).ShouldContain("65536 values");
        Refused("+" + new string('a', 20_000)).ShouldContain("a line of more than 16384 bytes");
        ReadAll(Encoding.ASCII.GetBytes("*-1\r\n$-1\r\n"), [4]).Select(reply => reply.Kind).ShouldBe([RespKind.Null, RespKind.Null]);
    }

    [Fact]
    public void What_is_announced_is_not_allocated_before_it_comes()
    {
        var parser = new RespParser(new RespLimits());
        var before = GC.GetAllocatedBytesForCurrentThread();

        parser.Read("*60000\r\n$8000000\r\nabc"u8, out _).ShouldBeNull();

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(100_000);
    }

    private static string Refused(string stream) => Should.Throw<RespException>(() => ReadAll(Encoding.ASCII.GetBytes(stream), [4096])).Message;

    private static List<RespValue> ReadAll(ReadOnlyMemory<byte> stream, int[] cuts)
    {
        var parser = new RespParser(new RespLimits());
        var replies = new List<RespValue>();
        for (var (at, i) = (0, 0); at < stream.Length; i++)
        {
            var length = Math.Min(cuts.Length == 0 ? int.MaxValue : cuts[i % cuts.Length], stream.Length - at);
            var piece = stream.Slice(at, length);
            at += length;
            while (parser.Read(piece.Span, out var taken) is { } reply)
            {
                replies.Add(reply);
                piece = piece[taken..];
            }
        }

        return replies;
    }

    private static Gen<RespValue> Tree(int depth) => depth == 0 ? Leaf : Gen.OneOf(
        Leaf,
        Gen.Elements(RespKind.Array, RespKind.Set).SelectMany(kind => Few(Tree(depth - 1)).Select(items => RespValue.OfItems(kind, items))),
        Few(Tree(depth - 1).SelectMany(key => Tree(depth - 1).Select(value => new[] { key, value }))).Select(pairs => RespValue.OfItems(RespKind.Map, [.. pairs.SelectMany(pair => pair)])));

    private static Gen<T[]> Few<T>(Gen<T> some) => Gen.Choose(0, 4).SelectMany(count => some.ArrayOf(count));

    private static Gen<byte[]> Bytes(int most) => Gen.Choose(0, most).SelectMany(count => Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(count));

    private static byte[] Spoil(byte[] stream, byte[] dirt, int at) => [.. stream[..(at % stream.Length)], .. dirt, .. stream[(at % stream.Length)..]];
}
