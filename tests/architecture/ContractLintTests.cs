using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

/// <summary>
/// What npm's <c>@redocly/cli</c> says of every <c>api.yaml</c>, by its recommended rules. Needs Node.js 20 and npm, and npm's registry the
/// first time.
/// </summary>
public sealed partial class ContractLintTests
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(3);

    // Beside the test's output, so that a second run finds it there.
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "contract-lint");

    [Fact]
    public async Task Every_contract_passes_the_recommended_rules_without_a_warning()
    {
        var (installed, complaint) = await RunAsync("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
        if (installed != 0)
        {
            Assert.Skip($"@redocly/cli is not here: install Node.js 20 or later and npm (Debian's packages nodejs and npm). {complaint}");
        }

        var contracts = Repository.Services.Select(service => Repository.PathOf("services", service, "api.yaml")).ToList();
        var (code, said) = await RunAsync("node", [Path.Combine("node_modules", "@redocly", "cli", "bin", "cli.js"), "lint", "--config", "redocly.yaml", "--format", "json", .. contracts]);

        // One report for each of them, or somebody was not looked at.
        code.ShouldBe(0, said);
        Clean().Count(said).ShouldBe(contracts.Count, said);
    }

    // A route that is left out of the document would be in no contract, and in no test that is made from the contracts.
    [Fact]
    public void No_service_leaves_a_route_out_of_its_contract() =>
        Repository.Sources("services").Where(file => File.ReadAllText(file).Contains("ExcludeFromDescription", StringComparison.Ordinal)).ShouldBeEmpty();

    [GeneratedRegex("""
        "errors": 0,\s+"warnings": 0,\s+"ignored": 0\s
        """)]
    private static partial Regex Clean();

    private static async Task<(int Code, string Said)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["REDOCLY_TELEMETRY"] = "off";
        start.Environment["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true";
        using var deadline = new CancellationTokenSource(Within);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
            var (said, complained) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, $"{await said}{await complained}");
        }
        catch (Win32Exception e)
        {
            return (-1, e.Message);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
