namespace Argosy.E2E;

/// <summary>The <c>api.yaml</c> of every service.</summary>
internal static class Contracts
{
    public static IReadOnlyList<string> Services { get; } =
        [.. Directory.GetDirectories(Path.Combine(Launcher.Root, "services")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    public static string FileOf(string service) => Path.Combine(Launcher.Root, "services", service, "api.yaml");
}
