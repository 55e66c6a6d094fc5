using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

public sealed partial class DocumentTests
{
    [Fact]
    public void Every_package_has_its_reason_written_down()
    {
        var reasons = File.ReadAllText(Repository.PathOf("docs", "decisions", "0002-packages.md"));
        var packages = XDocument.Load(Repository.PathOf("Directory.Packages.props")).Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value);
        var downloads = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories).SelectMany(project => XDocument.Load(project).Descendants("PackageDownload")).Select(package => package.Attribute("Include")!.Value.Split(".$(")[0]);

        packages.Concat(downloads).Where(package => !reasons.Contains($"`{package}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Continuous_integration_runs_the_readmes_test_command_and_nothing_else()
    {
        var readme = File.ReadAllText(Repository.PathOf("README.md"));
        var script = File.ReadAllLines(Repository.PathOf(".ci", "run")).Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#' && !line.StartsWith("set ", StringComparison.Ordinal) && !line.StartsWith("cd ", StringComparison.Ordinal));

        script.ShouldBe(["exec ./argosy test"]);
        readme.ShouldContain("./argosy up");
        readme.ShouldContain("./argosy test");
    }

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        var broken = Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}artifacts{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !file.Contains("node_modules", StringComparison.Ordinal))
            .SelectMany(file => Link().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)
                .Where(target => !target.Contains("://", StringComparison.Ordinal) && target.Length > 0)
                .Where(target => !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target)))
                .Select(target => $"{Path.GetRelativePath(Repository.Root, file)} → {target}"));

        broken.ShouldBeEmpty();
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
