using System.Reflection.PortableExecutable;
using Argosy.Cli.Processes;
using Argosy.Cli.Suite;
using Argosy.Cli.Terminal;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>The native code of what the suite starts, made of a library as if it were a program.</summary>
public sealed class AheadOfTimeTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static readonly string Il = Path.Combine(AppContext.BaseDirectory, "YamlDotNet.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-ahead-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_program_gets_native_code_once_and_again_when_it_was_built_anew_and_a_test_gets_none()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || AheadOfTime.Compiler is null, "There is no compiler for this machine, or a file that is in use is not replaced here.");
        var (program, test) = (Built("Program"), Built("Program.Tests"));

        await CompileAsync();
        HasNativeCode(program).ShouldBeTrue();
        HasNativeCode(test).ShouldBeFalse();

        var kept = Directory.GetFiles(Path.Combine(_folder, "artifacts", "ahead"), "YamlDotNet.ni.dll", SearchOption.AllDirectories).Single();
        var made = File.GetLastWriteTimeUtc(kept);
        File.Copy(test, program, overwrite: true);      // a build puts the IL back
        await CompileAsync();
        HasNativeCode(program).ShouldBeTrue();
        File.GetLastWriteTimeUtc(kept).ShouldBe(made, "the same IL isn't compiled twice");

        File.Copy(test, program, overwrite: true);
        await File.AppendAllTextAsync(program, "something else", Ct);
        await CompileAsync();
        HasNativeCode(program).ShouldBeTrue();
        File.GetLastWriteTimeUtc(kept).ShouldBeGreaterThan(made);
    }

    private Task CompileAsync() => new AheadOfTime(new Repository(_folder), new Screen()).CompileAsync(Ct);

    // One assembly beside its configuration, which is what makes it a program; a test has that of the program beside it, too.
    private string Built(string name)
    {
        var release = Directory.CreateDirectory(Path.Combine(_folder, "artifacts", "bin", name, "release")).FullName;
        File.WriteAllText(Path.Combine(release, $"{name}.runtimeconfig.json"), "{}");
        File.WriteAllText(Path.Combine(release, "Program.runtimeconfig.json"), "{}");
        var assembly = Path.Combine(release, Path.GetFileName(Il));
        File.Copy(Il, assembly);
        return assembly;
    }

    private static bool HasNativeCode(string assembly)
    {
        using var reader = new PEReader(File.OpenRead(assembly));
        return reader.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }
}
