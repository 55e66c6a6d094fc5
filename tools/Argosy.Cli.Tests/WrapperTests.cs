using System.Diagnostics;
using System.Runtime.CompilerServices;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>The `argosy` script in a small repository of its own, with a `dotnet` that writes down what it is asked for.</summary>
public sealed class WrapperTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("argosy-test-").FullName;

    public WrapperTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has argosy.cmd");
        foreach (var folder in new[] { "services/a/src", "services/a/tests", "shared", "tools/Argosy.Cli", "tests/e2e", "tests/chaos/Argosy.Checker", "tests/chaos/Argosy.Simulation", "bin" })
        {
            Directory.CreateDirectory(Path.Combine(_root, folder));
        }

        File.Copy(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "argosy"), Path.Combine(_root, "argosy"));
        File.WriteAllText(Path.Combine(_root, "global.json"), "{}");
        File.WriteAllText(Path.Combine(_root, "Directory.Build.props"), "<Project/>");
        foreach (var tool in new[] { "bash", "sh", "cut", "dirname", "find", "flock", "mkdir", "mv", "paste", "readlink", "sed", "touch" })
        {
            // A folder of its own on the PATH, so that no other dotnet of this machine is on it.
            var found = new[] { "/usr/bin", "/bin" }.Select(f => Path.Combine(f, tool)).FirstOrDefault(File.Exists);
            if (found is not null)
            {
                File.CreateSymbolicLink(Path.Combine(_root, "bin", tool), found);
            }
        }

        Dotnet(version: "10.0.100");
    }

    private string Log => Path.Combine(_root, "asked");

    private string Dll => Path.Combine(_root, "artifacts/bin/Argosy.Cli/release/Argosy.Cli.dll");

    private string[] Asked => File.Exists(Log) ? File.ReadAllLines(Log) : [];

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_first_call_builds_and_the_next_one_does_not()
    {
        Run("up").ExitCode.ShouldBe(0);
        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(1);
        Asked[^1].ShouldBe($"{Dll} up");

        Run("up", "--detach");
        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(1);
        Asked[^1].ShouldBe($"{Dll} up --detach");
    }

    [Theory]
    [InlineData("services/a/src/New.cs", true)]
    [InlineData("shared/a.proto", true)]
    [InlineData("global.json", true)]
    [InlineData("services/a/tests/NewTests.cs", false)]
    [InlineData("services/a/README.md", false)]
    public void A_newer_source_is_built_and_a_newer_test_or_page_is_not(string file, bool builds)
    {
        Run("up");
        Touch(file);

        Run("up");

        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(builds ? 2 : 1);
    }

    [Theory]
    [InlineData("down")]
    [InlineData("status")]
    [InlineData("logs")]
    [InlineData("token")]
    [InlineData("demo")]
    public void Working_on_what_runs_needs_no_build(string verb)
    {
        Run("up");
        Touch("services/a/src/New.cs");

        Run(verb);

        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(1);
        Asked[^1].ShouldBe($"{Dll} {verb}");
    }

    [Fact]
    public void Test_builds_everything_with_analyzers_each_time()
    {
        Run("test");
        Run("test");

        Asked.Count(a => a.StartsWith($"build {_root}/Argosy.slnx -p:Analyze=true", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public void Bench_builds_what_measures_and_what_is_measured()
    {
        Run("bench");

        Asked.Where(a => a.StartsWith("build", StringComparison.Ordinal)).Select(a => a.Split(' ')[1]).ShouldBe([$"{_root}/tests/performance", $"{_root}/tools/Argosy.Cli"]);
    }

    [Fact]
    public void The_simulation_is_built_with_the_launcher_when_it_or_what_it_plays_has_changed()
    {
        Run("sim", "--seeds", "1");
        Asked[0].ShouldStartWith($"build {_root}/tests/chaos/Argosy.Simulation -c Release");
        Asked[^1].ShouldBe($"{Dll} sim --seeds 1");
        foreach (var (file, builds) in new[] { ("tests/e2e/New.cs", 1), ("tests/chaos/Argosy.Simulation/New.cs", 2), ("services/a/src/New.cs", 3) })
        {
            Touch(file);
            Run("sim", "--seeds", "1");
            Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(builds, file);
        }
    }

    [Theory]
    [InlineData("test", "--bogus")]
    [InlineData("bench", "--only", "nothing")]
    [InlineData("sim", "--seed")]
    [InlineData("up", "--bogus")]
    public void What_the_launcher_would_refuse_is_refused_before_a_build(params string[] arguments)
    {
        Run("up");
        Touch("services/a/src/New.cs");
        File.WriteAllText(Path.Combine(_root, "refuses"), "");

        var refused = Run(arguments);

        refused.ExitCode.ShouldBe(2);
        refused.Errors.ShouldBe("argosy: no\n");
        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(1);
        Asked[^1].ShouldBe($"{Dll} --parse-only {string.Join(' ', arguments)}");
    }

    [Fact]
    public void A_launcher_that_breaks_when_it_is_asked_holds_up_no_build()
    {
        Run("up");
        Touch("services/a/src/New.cs");
        File.WriteAllText(Path.Combine(_root, "dies"), "");

        Run("up").ExitCode.ShouldBe(0);

        Asked.Count(a => a.StartsWith("build", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public void The_compiler_of_a_build_is_ended_with_it_even_when_it_failed()
    {
        File.WriteAllText(Path.Combine(_root, "breaks"), "");
        Run("up");

        var compiler = Asked[0].Split("-p:SharedCompilationId=")[1];
        Asked[^1].ShouldBe($"/sdk/10.0.100/Roslyn/bincore/VBCSCompiler.dll -shutdown -pipename:{compiler}");
    }

    [Fact]
    public void A_build_that_failed_is_shown_and_tried_again_the_next_time()
    {
        File.WriteAllText(Path.Combine(_root, "breaks"), "");

        var failed = Run("up");

        failed.ExitCode.ShouldBe(1);
        failed.Errors.ShouldContain("error CS1002");
        failed.Errors.ShouldEndWith("argosy: the build failed; its errors are above\n");
        File.Delete(Path.Combine(_root, "breaks"));
        Run("up").ExitCode.ShouldBe(0);
    }

    [Fact]
    public void Without_an_sdk_it_says_what_is_missing()
    {
        File.Delete(Path.Combine(_root, "bin/dotnet"));

        var refused = Run("up");

        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldStartWith("argosy: the .NET SDK 10 isn't installed");
        refused.Errors.Trim().ShouldNotContain("\n");
    }

    [Fact]
    public void An_sdk_that_is_too_old_is_named()
    {
        Dotnet(version: "8.0.404");

        var refused = Run("up");

        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldStartWith("argosy: the .NET SDK is 8.0.404 and 10 or newer is needed");
    }

    [Fact]
    public void Without_a_build_no_build_says_so()
    {
        var refused = Run("up", "--no-build");

        refused.ExitCode.ShouldBe(1);
        refused.Errors.ShouldStartWith("argosy: nothing is built yet");
        Asked.ShouldBeEmpty();
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private void Touch(string file)
    {
        var path = Path.Combine(_root, file);
        File.WriteAllText(path, "");
        File.SetLastWriteTimeUtc(path, Directory.GetFiles(Path.Combine(_root, "artifacts"), "*.built").Max(File.GetLastWriteTimeUtc).AddSeconds(1));
        var folder = Path.GetDirectoryName(path)!;
        if (folder != _root)
        {
            // A new file changes its folder too; here only the file's own time is to count.
            Directory.SetLastWriteTimeUtc(folder, File.GetLastWriteTimeUtc(Path.Combine(_root, "artifacts/argosy.built")).AddSeconds(-1));
        }
    }

    private void Dotnet(string version)
    {
        var path = Path.Combine(_root, "bin/dotnet");
        File.WriteAllText(path,
            $$"""
            #!/bin/sh
            if [ "$1" = --version ]; then echo {{version}}; exit 0; fi
            if [ "$1" = --list-sdks ]; then echo "8.0.1 [/sdk]"; echo "{{version}} [/sdk]"; exit 0; fi
            echo "$@" >> "{{Log}}"
            if [ "$2" = --parse-only ] && [ -f "{{_root}}/refuses" ]; then echo "argosy: no" >&2; exit 64; fi
            if [ "$2" = --parse-only ] && [ -f "{{_root}}/dies" ]; then exit 134; fi
            if [ "$1" = build ] && [ -f "{{_root}}/breaks" ]; then echo "a.cs(1,1): error CS1002: ; expected"; exit 1; fi
            if [ "$1" = build ]; then mkdir -p "{{Path.GetDirectoryName(Dll)}}" && : > "{{Dll}}"; fi
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private (int ExitCode, string Errors) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(_root, "argosy"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PATH"] = $"{_root}/bin";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        return (process.ExitCode, errors);
    }
}
