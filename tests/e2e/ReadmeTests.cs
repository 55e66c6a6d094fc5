using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The README's first order, as it stands there: the same commands, in bash, with curl alone, against this fleet.</summary>
public sealed class ReadmeTests(Fleet fleet)
{
    [Fact]
    public async Task The_commands_of_the_readme_make_a_confirmed_order()
    {
        var commands = Commands();
        commands.ShouldContain("./argosy up --detach");

        // The fleet of these tests is up already, on ports of its own.
        var script = commands
            .Replace("./argosy up --detach", ":", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8080", fleet.Gateway.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);
        var ended = await Launcher.BashAsync(TimeSpan.FromSeconds(60), script);

        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Output.ShouldContain("\"userId\"");
        ended.Output.ShouldContain("\"sku\"");
        ended.Output.ShouldContain("\"status\":\"confirmed\"");
    }

    // The first block of the section, and only that: what follows it there is its output.
    private static string Commands()
    {
        var readme = File.ReadAllText(Path.Combine(Launcher.Root, "README.md"));
        var section = readme.IndexOf("## A first order", StringComparison.Ordinal);
        section.ShouldBeGreaterThan(0);
        var begin = readme.IndexOf("```bash\n", section, StringComparison.Ordinal) + "```bash\n".Length;
        return readme[begin..readme.IndexOf("```", begin, StringComparison.Ordinal)];
    }
}
