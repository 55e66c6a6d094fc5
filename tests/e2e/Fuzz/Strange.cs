using FsCheck;
using FsCheck.Fluent;

namespace Argosy.E2E.Fuzz;

/// <summary>Values that programs stumble over.</summary>
internal static class Strange
{
    private static readonly string[] Known =
    [
        "", " ", "null", "0", "-1", "1e309", "NaN", "true", "../../etc/passwd", "%2e%2e%2f", "%00", "a\0b", "\r\nX: 1", "' or 1=1 --", "<script>alert(1)</script>", "${jndi:x}", "{{7*7}}",
        "Ω≈ç√∫", "🤷‍♀️", "\u202egnp.exe", "ﷺﷺﷺ", new('x', 300), new('9', 40), "00000000-0000-0000-0000-000000000000", "2026-13-45T99:99:99Z", "4111111111111111", "a/b", "a?b", "a#b", "*", "\"", "W/\"1\"",
    ];

    public static Gen<string> Texts { get; } = Gen.Frequency(
        (3, Gen.Elements(Known)),
        (1, ArbMap.Default.GeneratorFor<string>().Select(text => text ?? "")),
        (1, Gen.NonEmptyListOf(Gen.Choose(0x20, 0x24f)).Select(codes => new string([.. codes.Select(code => (char)code)]))));

    /// <summary>What a header can hold.</summary>
    public static Gen<string> Words { get; } = Texts.Select(text => new string([.. text.Where(c => c is > ' ' and <= '~').DefaultIfEmpty('x')]));

    public static Gen<string> ContentTypes { get; } =
        Gen.Elements("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/json-patch+json");
}
