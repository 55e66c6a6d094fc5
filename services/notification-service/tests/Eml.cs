using System.Text;
using System.Text.RegularExpressions;
using Shouldly;

namespace Argosy.Notifications.Tests;

/// <summary>Reads a mail as a mail program would: folded headers, encoded words (RFC 2047), the body after the first empty line.</summary>
internal sealed partial record Eml(IReadOnlyList<(string Name, string Value)> Headers, string Body)
{
    public static Eml Read(string text)
    {
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain('\r');
        text.Replace("\r\n", "", StringComparison.Ordinal).ShouldNotContain('\n');
        text.ShouldEndWith("\r\n");
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        foreach (var line in text[..end].Split("\r\n"))
        {
            line.Length.ShouldBeLessThanOrEqualTo(78);
            line.ShouldAllBe(c => c >= ' ' && c <= '~');
        }

        text[end..].Split("\r\n").ShouldAllBe(line => Encoding.UTF8.GetByteCount(line) <= 998);
        var headers = text[..end].Replace("\r\n ", " ", StringComparison.Ordinal).Split("\r\n").Select(line => line.Split(": ", 2)).Select(parts => (parts[0], Decode(parts[1])));
        return new Eml([.. headers], text[(end + 4)..]);
    }

    public string this[string name] => Headers.Single(header => header.Name == name).Value;

    // White space between two encoded words is not part of the text (RFC 2047 §6.2).
    private static string Decode(string value) => Word().Replace(
        Between().Replace(value, "?==?"), match => Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups[1].Value)));

    [GeneratedRegex(@"\?= +=\?")]
    private static partial Regex Between();

    [GeneratedRegex(@"=\?utf-8\?B\?([A-Za-z0-9+/=]+)\?=")]
    private static partial Regex Word();
}
