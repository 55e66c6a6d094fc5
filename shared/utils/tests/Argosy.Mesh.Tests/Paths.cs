using FsCheck;
using FsCheck.Fluent;

namespace Argosy.Mesh.Tests;

/// <summary>Paths as attackers write them: real beginnings, and pieces that some server somewhere reads as something else.</summary>
internal static class Paths
{
    private static readonly string[] Beginnings =
        ["", "/", "/api", "/api/orders", "/api/v1/orders", "/api/v1/items/", "/connect", "/.well-known", "/api/v1/notifications/stream"];

    private static readonly string[] Pieces =
    [
        "/", "//", "\\", ".", "..", "/..", "/../", "/./", "%2e", "%2E%2e", "%2f", "%2F", "%5c", "%252e", "%25", "%2", "%", "%00", "%c0%ae",
        "%c3%a9", ";", ";x=1", "..;", "?", "#", "a", "api", "orders", "admin", "bus", "v1", "stream", "dead-letters", "~", "%41", "%3b", "\t", " ", "é",
    ];

    private static readonly string[] Tame = ["/", "/a", "/..", "/.", "/b.c", "/...", "x", "~", "/api"];

    public static Arbitrary<string> Nasty { get; } = Made(Beginnings, Pieces);

    public static Arbitrary<string> Plain { get; } = Made(["/"], Tame);

    private static Arbitrary<string> Made(string[] beginnings, string[] pieces) => Arb.From(
        Gen.Elements(beginnings).SelectMany(start => Gen.Elements(pieces).ListOf().Select(list => start + string.Concat(list))));
}
