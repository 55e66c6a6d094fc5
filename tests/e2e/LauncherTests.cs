using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>What the launcher of a whole fleet says of it.</summary>
public sealed partial class LauncherTests(Fleet fleet)
{
    [Fact]
    public async Task Who_waited_and_the_launcher_s_own_log_give_one_figure_for_the_start()
    {
        var shown = ReadyIn().Match(fleet.Screen).Value;
        var logged = ReadyIn().Match(await File.ReadAllTextAsync(Path.Combine(fleet.Data, "logs", "argosy.log"))).Value;

        logged.ShouldBe(shown);
        double.Parse(shown.Split(' ')[2], CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
    }

    [GeneratedRegex(@"Ready in \d+\.\d s\.", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReadyIn();
}
