using System.Buffers;

namespace Argosy.Mesh.Routing;

/// <summary>
/// The expression that route tables mostly have, literals with whole segments between them (<c>/orders/[^/]+/stream</c>), without
/// an engine for it: building .NET's linear-time engine costs a start some 60 ms of CPU, and asking it 20 times the time of this.
/// </summary>
internal sealed class SegmentPattern
{
    private const string AnySegment = "[^/]+";

    private static readonly SearchValues<char> Literal =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~/:@!&',=");

    private readonly string[] _literals;

    private SegmentPattern(string[] literals) => _literals = literals;

    /// <summary>Null for an expression of any other form.</summary>
    public static SegmentPattern? TryCreate(string regex)
    {
        var pieces = regex.Split(AnySegment);
        for (var i = 0; i < pieces.Length; i++)
        {
            // A segment ends at a slash or at the end; before anything else it would have to guess where.
            var ends = i == 0 || pieces[i].StartsWith('/') || (pieces[i].Length == 0 && i == pieces.Length - 1);
            if (!ends || pieces[i].AsSpan().IndexOfAnyExcept(Literal) >= 0)
            {
                return null;
            }
        }

        return new SegmentPattern(pieces);
    }

    /// <summary>The literal of <c>^literal</c>, or null for an expression of any other form.</summary>
    public static string? AnchoredLiteral(string regex)
        => regex.StartsWith('^') && regex.AsSpan(1).IndexOfAnyExcept(Literal) < 0 ? regex[1..] : null;

    public bool Matches(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < _literals.Length; i++)
        {
            if (i > 0)
            {
                var segment = text.IndexOf('/') is var slash && slash < 0 ? text.Length : slash;
                if (segment == 0)
                {
                    return false;
                }

                text = text[segment..];
            }

            if (!text.StartsWith(_literals[i], StringComparison.Ordinal))
            {
                return false;
            }

            text = text[_literals[i].Length..];
        }

        return text.IsEmpty;
    }
}
