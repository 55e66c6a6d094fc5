using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// Reads environment variables and notes everything that is wrong with them. A faulty value reads as its default, so that reading
/// goes on and all errors are known at once; the run then stops before anything has started. <c>NAME_FILE</c> is the file that holds the
/// value of <c>NAME</c>: where secrets are files, none of them stands in an environment that <c>docker inspect</c> or a crash dump shows.
/// </summary>
public sealed class Settings(IConfiguration source)
{
    private const string FileSuffix = "_FILE";
    private const int LargestFile = 64 * 1024;

    private readonly List<string> _errors = [];
    private readonly Dictionary<string, string?> _files = new(StringComparer.Ordinal);

    /// <summary>What is wrong, one sentence each, beginning with the variable.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Notes an error: <paramref name="sentence"/> goes on after the variable's name and says what to do.</summary>
    public void Refuse(string variable, string sentence) => _errors.Add($"{variable} {sentence}");

    /// <summary>The text, from the variable or from the file that <c>VARIABLE_FILE</c> names; null when it is absent or empty.</summary>
    public string? Text(string variable) => Given(variable + FileSuffix) is { } path ? FromFile(variable, path) : Given(variable);

    /// <summary>The text; absent is an error.</summary>
    /// <param name="variable">The name.</param>
    /// <param name="meaning">Completes "VARIABLE is missing: set it to …".</param>
    public string RequiredText(string variable, string meaning)
    {
        if (Text(variable) is { } text)
        {
            return text;
        }

        Refuse(variable, $"is missing: set it to {meaning}.");
        return "";
    }

    /// <summary>A whole number within bounds, or the default when absent.</summary>
    public int Number(string variable, int otherwise, int min, int max)
    {
        if (Text(variable) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        Refuse(variable, $"is '{text}', and must be a number from {min} to {max}.");
        return otherwise;
    }

    /// <summary><c>1</c> or <c>true</c>, <c>0</c> or <c>false</c>; false when absent.</summary>
    public bool Flag(string variable)
    {
        var text = Text(variable);
        if (text is not (null or "0" or "1" or "false" or "true"))
        {
            Refuse(variable, $"is '{text}', and must be 1 or 0.");
        }

        return text is "1" or "true";
    }

    /// <summary>One of the words, or the first of them when absent.</summary>
    public string Word(string variable, params ReadOnlySpan<string> words)
    {
        var text = Text(variable);
        if (text is null || words.Contains(text))
        {
            return text ?? words[0];
        }

        Refuse(variable, $"is '{text}', and must be one of: {string.Join(", ", words!)}.");
        return words[0];
    }

    /// <summary>An absolute http or https address, or null when absent.</summary>
    public Uri? Address(string variable)
    {
        if (Text(variable) is not { } text)
        {
            return null;
        }

        if (TryAddress(text, out var address))
        {
            return address;
        }

        Refuse(variable, $"is '{text}', and must be an address such as http://127.0.0.1:8080.");
        return null;
    }

    private string? Given(string variable) => source[variable] is { Length: > 0 } text ? text : null;

    // Read once: a variable that is asked for twice is the same twice, and wrong once.
    private string? FromFile(string variable, string path)
    {
        if (!_files.TryGetValue(variable, out var text))
        {
            text = ReadFile(variable + FileSuffix, path);
            _files[variable] = text;
            if (Given(variable) is not null)
            {
                Refuse(variable, $"is set, and {variable}{FileSuffix} too: leave one of them.");
            }
        }

        return text;
    }

    // Only the end of its last line is not part of the value. What is in the file is not repeated: it may be a secret.
    private string? ReadFile(string variable, string path)
    {
        try
        {
            if (new FileInfo(path).Length > LargestFile)
            {
                Refuse(variable, $"is '{path}', which has more than {LargestFile} bytes: name a file that holds the value and nothing else.");
                return null;
            }

            if (File.ReadAllText(path).TrimEnd('\r', '\n') is { Length: > 0 } text)
            {
                return text;
            }

            Refuse(variable, $"is '{path}', and the file is empty: write the value into it, or leave the variable unset.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Refuse(variable, $"is '{path}', which cannot be read: {e.Message}");
        }

        return null;
    }

    internal static bool TryAddress(string text, out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && address is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" };
}
