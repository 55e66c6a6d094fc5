namespace Argosy.Cli.Processes;

/// <summary>Where the sources and the built assemblies are.</summary>
internal sealed record Repository(string Root)
{
    public const string DataFolderName = ".argosy";

    public string LauncherSources => Path.Combine(Root, "tools", "Argosy.Cli");

    public string Solution => Path.Combine(Root, "Argosy.slnx");

    public string Routes => Path.Combine(Root, "infrastructure", "istio", "api-routes.yaml");

    public string Limits => Path.Combine(Root, "infrastructure", "gateway", "limits.yaml");

    /// <summary>Found upwards from this program, which is built into <c>artifacts/bin</c> of the repository that it starts.</summary>
    public static Repository Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Argosy.slnx")))
            {
                return new Repository(folder.FullName);
            }
        }

        throw new Refusal($"no Argosy.slnx above {AppContext.BaseDirectory}; run ./argosy of a checkout");
    }

    public string Assembly(string project) =>
        Path.Combine(Root, "artifacts", "bin", project, "release", project + ".dll");

    /// <summary>The project of a folder's <c>src</c>; its name is the assembly's.</summary>
    public static string ProjectIn(string folder)
    {
        var source = Path.Combine(folder, "src");
        var projects = Directory.Exists(source) ? Directory.GetFiles(source, "*.csproj") : [];
        return projects.Length == 1
            ? Path.GetFileNameWithoutExtension(projects[0])
            : throw new Refusal($"{source} holds {projects.Length} projects where exactly one is expected");
    }
}
