namespace Argosy.PaymentProvider;

/// <summary>The environment, and the files that it names: NAME_FILE holds the value of NAME, so that a secret need not stand in an environment.</summary>
internal static class Variables
{
    public static string? Read(string name)
    {
        var given = Environment.GetEnvironmentVariable(name);
        if (Environment.GetEnvironmentVariable($"{name}_FILE") is not { Length: > 0 } path)
        {
            return given;
        }

        if (given is { Length: > 0 })
        {
            throw new ConfigurationException(name, $"is set, and {name}_FILE too; leave one of them");
        }

        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{name}_FILE", $"is '{path}', which can't be read: {e.Message}");
        }
    }
}
