using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Suite;

/// <summary>
/// Gives the programs that tests start native code beside their IL (ReadyToRun), as they have it in images: a suite starts a thousand
/// processes, and each would compile the same again.
/// <list type="number">
/// <item>What lies beside a program and has only IL is compiled, once for all programs, unless the same IL was before.</item>
/// <item>The result takes its place. A build puts the IL back where it finds a difference, and then it is 1. again.</item>
/// </list>
/// </summary>
internal sealed class AheadOfTime(Repository repository, Screen screen)
{
    private const string Tests = ".Tests";
    private const string AspNetCore = "Microsoft.AspNetCore.App";
    private const string NextToIt = ".ni.dll";      // as the compiler names it

    private readonly string _folder = Path.Combine(repository.Root, "artifacts", "ahead");

    public async Task CompileAsync(CancellationToken ct)
    {
        if (OperatingSystem.IsWindows())
        {
            return;     // where a file that is in use, as the launcher's are, isn't replaced
        }

        if (FindCompiler() is not { } compiler)
        {
            screen.Say($"argosy: no {CompilerPackage} in {Packages}, so that every process of a test compiles what it runs, which takes longer");
            return;
        }

        var copies = Programs().SelectMany(folder => Directory.GetFiles(folder, "*.dll")).Where(HasOnlyIl)
            .GroupBy(path => Path.GetFileName(path), StringComparer.Ordinal).Where(same => same.Select(Hash).Distinct(StringComparer.Ordinal).Count() == 1).ToList();
        var changed = copies.Where(same => !WasCompiled(same.First())).ToList();
        if (changed.Count > 0)
        {
            await CompileAsync(compiler, [.. changed.Select(same => same.First())], ct);
        }

        foreach (var copy in copies.SelectMany(same => same))
        {
            File.Copy(Native(copy), copy + ".new", overwrite: true);
            File.Move(copy + ".new", copy, overwrite: true);     // whoever runs from it keeps the one that it has
        }
    }

    private static string CompilerPackage => $"microsoft.netcore.app.crossgen2.{RuntimeInformation.RuntimeIdentifier}";

    private static string Packages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private async Task CompileAsync(string compiler, IReadOnlyList<string> assemblies, CancellationToken ct)
    {
        Directory.CreateDirectory(_folder);
        foreach (var assembly in assemblies)
        {
            File.Delete(Native(assembly));      // an end in the middle leaves nothing that looks compiled
            File.Copy(assembly, Il(assembly), overwrite: true);
        }

        var references = Frameworks().Concat(Programs()).SelectMany(folder => new[] { "-r", Path.Combine(folder, "*.dll") });
        await new Step("native code", [.. assemblies.Select(Il), .. references, "--single-file-compilation", "--out-near-input", "-O"], "remove artifacts/ahead, and run it again") { Program = compiler }
            .RunAsync(repository.Root, screen, ct);
    }

    private bool WasCompiled(string assembly) => File.Exists(Native(assembly)) && File.Exists(Il(assembly)) && Hash(Il(assembly)) == Hash(assembly);

    private string Il(string assembly) => Path.Combine(_folder, Path.GetFileName(assembly));

    private string Native(string assembly) => Path.ChangeExtension(Il(assembly), NextToIt);

    private IEnumerable<string> Programs() =>
        Directory.GetFiles(Path.Combine(repository.Root, "artifacts", "bin"), "*.runtimeconfig.json", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .Where(path => !Path.GetFileName(path).EndsWith($"{Tests}.runtimeconfig.json", StringComparison.Ordinal)).Select(path => Path.GetDirectoryName(path)!);

    private static IEnumerable<string> Frameworks()
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return [framework, Path.Combine(framework, "..", "..", AspNetCore, Path.GetFileName(framework))];
    }

    private static string? FindCompiler()
    {
        var package = Path.Combine(Packages, CompilerPackage);
        return !Directory.Exists(package) ? null : Directory.GetDirectories(package)
            .Where(folder => Version.TryParse(Path.GetFileName(folder), out var version) && version.Major == Environment.Version.Major)
            .OrderByDescending(folder => Version.Parse(Path.GetFileName(folder)))
            .Select(folder => Path.Combine(folder, "tools", "crossgen2")).FirstOrDefault(File.Exists);
    }

    private static bool HasOnlyIl(string path)
    {
        using var reader = new PEReader(File.OpenRead(path));
        return reader.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: 0 };
    }

    private static string Hash(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
