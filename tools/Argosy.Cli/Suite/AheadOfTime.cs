using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Suite;

/// <summary>
/// Gives the programs that tests start native code beside their IL (ReadyToRun), as they have it in images: a suite starts a thousand
/// processes, and each would compile the same again. Tests themselves are started once, and stay as they are.
/// <list type="number">
/// <item>What lies beside a program and has only IL is compiled, once for all programs, unless the same IL was before.</item>
/// <item>The result takes its place. A build puts the IL back where it finds a difference, and then it is 1. again.</item>
/// </list>
/// Where there is no compiler for this machine, or it fails, programs run as they were built, and it is said.
/// </summary>
internal sealed class AheadOfTime(Repository repository, Screen screen)
{
    private const string AspNetCore = "Microsoft.AspNetCore.App";
    private const string NextToIt = ".ni.dll";      // as the compiler names it

    /// <summary>Of this major version, from where NuGet keeps packages; null where there is none.</summary>
    public static string? Compiler { get; } = Find();

    public async Task CompileAsync(CancellationToken ct)
    {
        if (OperatingSystem.IsWindows())
        {
            return;     // where a file that is in use, as the launcher's are, isn't replaced
        }

        if (Compiler is null)
        {
            screen.Say($"argosy: {string.Join(" and ", Packages)} aren't there, so that every process of a test compiles what it runs, which takes longer");
            return;
        }

        var programs = Programs().ToList();
        var found = programs.SelectMany(folder => Directory.GetFiles(folder, "*.dll")).Where(HasOnlyIl).ToDictionary(path => path, File.GetLastWriteTimeUtc, StringComparer.Ordinal);
        var copies = found.Keys
            .GroupBy(path => Path.GetFileName(path), StringComparer.Ordinal).ToLookup(same => same.Select(Hash).Distinct(StringComparer.Ordinal).Count() == 1);
        foreach (var differing in copies[false])
        {
            screen.Say($"argosy: {string.Join(" and ", differing)} aren't the same and stay as they are; rm -r artifacts/bin, and run it again");
        }

        var alike = copies[true].ToList();
        var changed = alike.Select(same => same.First()).Where(assembly => !WasCompiled(assembly)).ToList();
        if (changed.Count > 0 && !await TryCompileAsync(changed, programs, ct))
        {
            return;
        }

        var next = Path.Combine(Kept, "next");
        // What another build has put there meanwhile stays. (Nobody keeps it from coming between this look and the move.)
        foreach (var copy in alike.Where(same => same.All(copy => File.GetLastWriteTimeUtc(copy) == found[copy])).SelectMany(same => same))
        {
            File.Copy(Native(Kept, copy), next, overwrite: true);
            File.Move(next, copy, overwrite: true);     // whoever runs from it keeps the one that it has
        }
    }

    private static IEnumerable<string> Packages =>
        new[] { RuntimeInformation.RuntimeIdentifier, $"{(OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.OSArchitecture}".ToLowerInvariant() }
            .Distinct(StringComparer.Ordinal).Select(machine => Path.Combine(Cache, $"microsoft.netcore.app.crossgen2.{machine}"));

    private static string Cache => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
        ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    // IL and what was made of it, by one compiler.
    private string Kept => Path.Combine(repository.Root, "artifacts", "ahead", Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(Compiler)))!);

    private async Task<bool> TryCompileAsync(IReadOnlyList<string> assemblies, IEnumerable<string> programs, CancellationToken ct)
    {
        var under = Path.Combine(Kept, "under-way");
        Directory.CreateDirectory(under);
        foreach (var assembly in assemblies)
        {
            File.Copy(assembly, Il(under, assembly), overwrite: true);
        }

        var references = Frameworks().Concat(programs).SelectMany(folder => new[] { "-r", Path.Combine(folder, "*.dll") });
        try
        {
            await new Step("native code", [.. assemblies.Select(a => Il(under, a)), .. references, "--single-file-compilation", "--out-near-input", "-O"], "programs run as they were built")
            {
                Program = Compiler!,
            }.RunAsync(repository.Root, screen, ct);
        }
        catch (Refusal failed)
        {
            screen.Say($"argosy: {failed.Message}");
            return false;
        }

        // Only what is whole gets its name, the native code first.
        foreach (var assembly in assemblies)
        {
            File.Move(Native(under, assembly), Native(Kept, assembly), overwrite: true);
            File.Move(Il(under, assembly), Il(Kept, assembly), overwrite: true);
        }

        return true;
    }

    private bool WasCompiled(string assembly) =>
        File.Exists(Native(Kept, assembly)) && File.Exists(Il(Kept, assembly)) && Hash(Il(Kept, assembly)) == Hash(assembly);

    private static string Il(string folder, string assembly) => Path.Combine(folder, Path.GetFileName(assembly));

    private static string Native(string folder, string assembly) => Path.ChangeExtension(Il(folder, assembly), NextToIt);

    // The release of a project is a program when it says what it runs on. So do tests, and what they refer to says it in their folders, too.
    private IEnumerable<string> Programs() =>
        from project in Directory.GetDirectories(Path.Combine(repository.Root, "artifacts", "bin"))
        let name = Path.GetFileName(project)
        let release = Path.Combine(project, "release")
        where !name.EndsWith(".Tests", StringComparison.Ordinal) && File.Exists(Path.Combine(release, $"{name}.runtimeconfig.json"))
        select release;

    private static IEnumerable<string> Frameworks()
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return [framework, Path.Combine(framework, "..", "..", AspNetCore, Path.GetFileName(framework))];
    }

    private static string? Find() =>
        Packages.Where(Directory.Exists).SelectMany(Directory.GetDirectories)
            .Where(folder => Version.TryParse(Path.GetFileName(folder), out var version) && version.Major == Environment.Version.Major)
            .OrderByDescending(folder => Version.Parse(Path.GetFileName(folder)))
            .Select(folder => Path.Combine(folder, "tools", "crossgen2")).FirstOrDefault(File.Exists);

    private static bool HasOnlyIl(string path)
    {
        using var reader = new PEReader(File.OpenRead(path));
        return reader.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: 0 };
    }

    private static string Hash(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
