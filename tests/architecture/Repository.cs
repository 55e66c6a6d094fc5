using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Argosy.Architecture;

/// <summary>The repository as these tests see it: files, and what was compiled from them.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Folders below <c>services/</c>.</summary>
    public static IReadOnlyList<string> Services { get; } =
        [.. Directory.GetDirectories(Path.Combine(Root, "services")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The service's project: its assembly has the same name.</summary>
    public static string ProjectOf(string service) => Directory.GetFiles(PathOf("services", service, "src"), "*.csproj").Single();

    public static AssemblyDefinition Read(string assembly, string? from = null)
    {
        var folder = PathOf("artifacts", "bin", from ?? assembly, "release");
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(folder);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        return AssemblyDefinition.ReadAssembly(Path.Combine(folder, $"{assembly}.dll"), new ReaderParameters { AssemblyResolver = resolver });
    }

    public static AssemblyDefinition ReadService(string service) => Read(Path.GetFileNameWithoutExtension(ProjectOf(service)));

    public static IEnumerable<TypeDefinition> AllTypes(this AssemblyDefinition assembly) => assembly.MainModule.Types.SelectMany(WithNested);

    public static IEnumerable<Instruction> Instructions(this TypeDefinition type) =>
        type.Methods.Where(method => method.HasBody).SelectMany(method => method.Body.Instructions);

    public static IEnumerable<TypeDefinition> WithNested(this TypeDefinition type) => [type, .. type.NestedTypes.SelectMany(WithNested)];

    /// <summary>Source files of a folder, without what a build made.</summary>
    public static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(PathOf(folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin" or "artifacts"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Argosy.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"Argosy.slnx is in no folder above {AppContext.BaseDirectory}.");
    }
}
