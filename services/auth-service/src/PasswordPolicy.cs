using System.Collections.Frozen;

namespace Argosy.Auth;

/// <summary>Which passwords are taken: long enough and not among the first that anybody would try. Nothing about kinds of characters.</summary>
/// <remarks>
/// ASVS 5 §6.2.4: the top 3,000 of the passwords that the rule of length lets through. <c>common-passwords.txt</c> begins with them, ranked,
/// as @zxcvbn-ts/language-common 4.1.3 has them (its licence is beside it); behind them are keyboards, years and words of our own.
/// Shorter ones are in no list: whoever lowers <see cref="MinLength"/> makes it anew.
/// </remarks>
internal static class PasswordPolicy
{
    internal const int MinLength = 8;
    private const int MaxLength = 128;

    internal static readonly FrozenSet<string> Common = Read("common-passwords.txt");

    /// <summary>What is wrong with the password, continuing "The password …"; null if nothing is.</summary>
    /// <param name="password">As it was typed: nothing is trimmed or replaced.</param>
    /// <param name="email">The normalised address of its owner.</param>
    public static string? Fault(string password, string email)
    {
        // Characters as people count them, not UTF-16 units.
        var length = password.EnumerateRunes().Count();
        if (length is < MinLength or > MaxLength)
        {
            return $"must have from {MinLength} to {MaxLength} characters";
        }

        var guess = password.ToLowerInvariant();
        return Common.Contains(guess) || IsOneCharacter(guess) ? "is among the first that anybody would try"
            : guess == email || guess == email[..email.IndexOf('@', StringComparison.Ordinal)] ? "must not be the e-mail address"
            : null;
    }

    private static bool IsOneCharacter(string text) => text.All(c => c == text[0]);

    private static FrozenSet<string> Read(string resource)
    {
        using var reader = new StreamReader(typeof(PasswordPolicy).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet(StringComparer.Ordinal);
    }
}
