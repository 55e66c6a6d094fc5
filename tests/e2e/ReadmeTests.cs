using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The README's commands, as they stand there, in bash, against this fleet.</summary>
[Trait("on", "embedded")]
public sealed partial class ReadmeTests(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_first_order_of_the_readme_is_confirmed()
    {
        var ended = await RunAsync(Blocks().Single(b => b.Contains("curl", StringComparison.Ordinal)));

        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Output.ShouldContain("\"userId\"");
        ended.Output.ShouldContain("\"sku\"");
        ended.Output.ShouldContain("\"status\":\"confirmed\"");
    }

    [Fact]
    public async Task Every_other_command_of_the_readme_does_what_it_says()
    {
        foreach (var block in Blocks().Where(b => !b.Contains("curl", StringComparison.Ordinal)))
        {
            var ended = await RunAsync(block);

            ended.ExitCode.ShouldBe(0, $"{block}\n{ended}");
        }
    }

    // The fleet is up already, on ports and in a folder of its own; it is started and ended by these very commands, and `test` is
    // what runs this.
    private Task<Ended> RunAsync(string block)
    {
        var script = Verb().Replace(block, match => match.Groups[1].Value is "up" or "down" or "test" ? ":" : $"{match.Value} --data {fleet.Data}");
        return Launcher.BashAsync(Within, script.Replace("http://127.0.0.1:8080", fleet.Gateway.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal));
    }

    private static List<string> Blocks() =>
        [.. Block().Matches(File.ReadAllText(Path.Combine(Launcher.Root, "README.md"))).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^\./argosy ([a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
