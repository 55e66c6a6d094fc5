namespace Argosy.Cli.Processes;

/// <summary>The `dotnet` that everything is run with: the one that runs this program, so there is no other one to look for.</summary>
internal static class DotnetHost
{
    public static string Path { get; } =
        Environment.ProcessPath is { } path && System.IO.Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
}
