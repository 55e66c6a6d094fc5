namespace Argosy.Chassis;

/// <summary>
/// The process cannot run as it is configured. Whoever finds out throws it before the service is ready; the run prints one line
/// for each error (<c>argosy: service: VARIABLE …</c>) and ends with exit code 78 (EX_CONFIG of sysexits.h).
/// </summary>
public sealed class ConfigurationException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>One error. The text begins with the variable or the file it is about, and says what to do.</summary>
    public ConfigurationException(string error) : this([error])
    {
    }

    /// <summary>Everything that was found wrong.</summary>
    public IReadOnlyList<string> Errors { get; } = errors;
}
