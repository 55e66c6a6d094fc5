using System.Text.RegularExpressions;
using Mono.Cecil.Cil;
using Shouldly;
using Xunit;

namespace Argosy.Architecture;

/// <summary>Images and compose files, held against the catalogue and against what the programs read. Docker is not needed here.</summary>
public sealed partial class ContainerTests
{
    private const string Provider = "payment-provider";
    private static readonly string[] Files = ["docker-compose.yml", "docker-compose.dev.yml"];

    // They write beside their own configuration when they start, and cannot be told not to.
    private static readonly string[] WriteToThemselves = ["elasticsearch", "kibana"];

    // Read by .NET itself and by its SDK, by OpenTelemetry's SDK.
    private static readonly string[] Platform = ["ASPNETCORE_", "DOTNET_", "OTEL_", "ArtifactsPath", "NuGetAudit"];

    private static readonly string[] Processes = [.. Repository.Services, Provider];

    public static TheoryData<string> ComposeFiles => [.. Files];

    [Fact]
    public void Dockerfiles_are_equal_but_for_the_names()
    {
        var templates = Processes.Select(process =>
        {
            var folder = FolderOf(process);
            return File.ReadAllText(Repository.PathOf(folder, "Dockerfile"))
                .Replace(folder, "FOLDER", StringComparison.Ordinal).Replace(process, "NAME", StringComparison.Ordinal)
                .Replace($"\"{ProjectOf(process)}.dll\"", "\"PROJECT.dll\"", StringComparison.Ordinal);
        }).ToList();

        templates.Distinct().ShouldHaveSingleItem().ShouldContain("USER $APP_UID");
    }

    [Theory]
    [MemberData(nameof(ComposeFiles))]
    public void Every_process_of_the_catalogue_is_a_container_and_no_other_program_of_ours_is(string file)
    {
        ComposeFile.Load(file).Containers.Values.Where(container => container.IsOurs && container.Name != "packages")
            .Select(container => container.Name).ShouldBe(Processes, ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(ComposeFiles))]
    public void What_a_container_is_told_is_read_by_its_program(string file)
    {
        foreach (var container in ComposeFile.Load(file).Containers.Values.Where(container => Processes.Contains(container.Name)))
        {
            var read = TextsOf(container.Name);

            container.Environment.Keys
                .Where(name => !Platform.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) && !read.Contains(name) && !read.Contains(WithoutFile(name)))
                .ShouldBeEmpty($"{file}: {container} does not read these");
        }
    }

    [Fact]
    public void What_the_images_set_is_read_by_every_program()
    {
        var dockerfile = File.ReadAllText(Repository.PathOf(FolderOf(Provider), "Dockerfile"));
        var set = Set().Matches(dockerfile[dockerfile.IndexOf("\nENV ", StringComparison.Ordinal)..dockerfile.IndexOf("\nUSER ", StringComparison.Ordinal)])
            .Select(match => match.Groups[1].Value).ToList();

        set.ShouldContain("SERVICE_PORT");
        foreach (var process in Processes)
        {
            var read = TextsOf(process);
            set.Where(name => !Platform.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) && !read.Contains(name)).ShouldBeEmpty(process);
        }
    }

    [Fact]
    public void Whoever_develops_a_service_runs_it_on_the_settings_of_its_container()
    {
        var (containers, developed) = (ComposeFile.Load(Files[0]).Containers, ComposeFile.Load(Files[1]).Containers);
        foreach (var process in Processes)
        {
            Own(containers[process]).ShouldBe(Own(developed[process]), ignoreOrder: true, process);
        }

        // Routes and limits are mounted from elsewhere; metrics and traces are for the monitoring that only the other file has; the rest is the image's.
        static IEnumerable<(string, string)> Own(ComposeContainer container) => container.Environment
            .Where(pair => !pair.Key.StartsWith("OTEL_", StringComparison.Ordinal) && !pair.Key.StartsWith("DOTNET_", StringComparison.Ordinal)
                && pair.Key is not ("METRICS_PORT" or "API_ROUTES" or "API_LIMITS" or "ArtifactsPath" or "NuGetAudit" or "ASPNETCORE_HTTP_PORTS" or "SERVICE_HOST" or "SERVICE_PORT" or "DATA_DIR"))
            .Select(pair => (pair.Key, pair.Value));
    }

    [Fact]
    public void Whoever_is_built_from_the_mounted_sources_writes_nothing_to_them_and_asks_nobody_outside()
    {
        foreach (var environment in Processes.Select(process => ComposeFile.Load(Files[1]).Containers[process].Environment))
        {
            environment["ArtifactsPath"].ShouldBe("/artifacts");
            environment["NuGetAudit"].ShouldBe("false");     // its network leads nowhere: the audit would fail the build
        }
    }

    [Theory]
    [MemberData(nameof(ComposeFiles))]
    public void Only_the_gateway_is_reached_from_outside_and_from_this_machine_alone(string file)
    {
        var publishing = ComposeFile.Load(file).Containers.Values.Where(container => container.List("ports").Count > 0).ToList();

        publishing.Where(container => !container.IsMonitoring).Select(container => container.Name).ShouldBe(["gateway"]);
        publishing.SelectMany(container => container.List("ports")).ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public void A_container_writes_nowhere_has_no_capability_and_is_bounded()
    {
        foreach (var container in ComposeFile.Load(Files[0]).Containers.Values)
        {
            container.Text("read_only").ShouldBe(WriteToThemselves.Contains(container.Name) ? "false" : "true", container.Name);
            container.List("cap_drop").ShouldBe(["ALL"], container.Name);
            container.List("security_opt").ShouldBe(["no-new-privileges:true"], container.Name);
            foreach (var limit in new[] { "mem_limit", "cpus", "pids_limit" })
            {
                container.Text(limit).ShouldNotBeNull($"{container} has no {limit}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(ComposeFiles))]
    public void A_container_sees_its_own_secrets_and_no_others(string file)
    {
        var containers = ComposeFile.Load(file).Containers;
        var secrets = containers.Values.SelectMany(container => container.Volumes
            .Where(volume => volume.Source.EndsWith("-secrets", StringComparison.Ordinal))
            .Select(volume => (container.Name, volume.Source, volume.Target))).ToList();

        secrets.Where(secret => secret.Name != "keys").GroupBy(secret => secret.Source).ShouldAllBe(readers => readers.Count() == 1);
        foreach (var (name, source, _) in secrets.Where(secret => secret.Name != "keys"))
        {
            secrets.ShouldContain(("keys", source, $"/secrets/{name}"), $"{file}: {name} reads {source}, and keys must write it for this one");
        }
    }

    // The head of its audit trail at least.
    [Fact]
    public void What_a_service_writes_beside_its_database_outlives_its_container()
    {
        var kept = ComposeFile.Load(Files[0]).Containers.Values.SelectMany(container => container.Volumes.Where(volume => volume.Target == "/data")
            .Select(volume => (container.Name, volume.Source))).ToList();

        kept.Select(volume => volume.Name).ShouldBe(Processes.Except(["gateway"]), ignoreOrder: true);
        kept.Select(volume => volume.Source).ShouldBeUnique();
    }

    [Theory]
    [MemberData(nameof(ComposeFiles))]
    public void Images_of_others_have_a_version(string file) => ComposeFile.Load(file).Containers.Values
        .Where(container => !container.Image.StartsWith("argosy/", StringComparison.Ordinal)).ShouldAllBe(container => Version().IsMatch(container.Image));

    [Fact]
    public void Prometheus_asks_every_process_of_the_catalogue()
    {
        var jobs = ((List<object>)ComposeFile.Read(Repository.PathOf("monitoring", "prometheus", "prometheus.yml"))["scrape_configs"]!).Select(ComposeFile.Map);
        var asked = jobs.SelectMany(job => ((List<object>)job["static_configs"]!).SelectMany(group => (List<object>)ComposeFile.Map(group)["targets"]!)).Cast<string>();
        var containers = ComposeFile.Load(Files[0]).Containers;

        asked.Where(target => target != "rabbitmq:15692").ShouldBe(
            [.. Repository.Services.Select(service => $"{service}:{containers[service].Environment["METRICS_PORT"]}"), $"{Provider}:8080"], ignoreOrder: true);
    }

    [Fact]
    public void Prometheus_alarms_where_the_document_says()
    {
        var groups = (List<object>)ComposeFile.Read(Repository.PathOf("monitoring", "prometheus", "alerts.yml"))["groups"]!;
        var rules = groups.SelectMany(group => (List<object>)ComposeFile.Map(group)["rules"]!).Select(ComposeFile.Map).Select(rule => (string)rule["expr"]!);
        var document = File.ReadAllText(Repository.PathOf("docs", "telemetry.md"));

        rules.ShouldBe(Alarm().Matches(document[document.IndexOf("## Alarms", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void Metrics_of_the_document_are_measured_by_some_program()
    {
        var document = File.ReadAllText(Repository.PathOf("docs", "telemetry.md"));
        var table = document[document.IndexOf("## Metrics", StringComparison.Ordinal)..document.IndexOf("## Alarms", StringComparison.Ordinal)];
        var measured = TextsOf("gateway").Concat(TextsOf("order-service")).Select(text => text.Replace('.', '_')).ToHashSet(StringComparer.Ordinal);
        var documented = Row().Matches(table).SelectMany(row => Name().Matches(row.Groups[1].Value)).Select(name => name.Groups[1].Value).ToList();

        documented.Count.ShouldBeGreaterThan(20);
        documented.Where(name => !measured.Contains(Unit().Replace(name, ""))).ShouldBeEmpty();
    }

    [Fact]
    public void The_dashboard_shows_metrics_that_there_are()
    {
        var document = File.ReadAllText(Repository.PathOf("docs", "telemetry.md"));
        var shown = Metric().Matches(File.ReadAllText(Repository.PathOf("monitoring", "grafana", "dashboards", "argosy.json")))
            .Select(match => Suffix().Replace(match.Value, "")).Distinct().ToList();

        shown.Count.ShouldBeGreaterThan(8);
        shown.Where(metric => !document.Contains(metric, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static string FolderOf(string process) => process == Provider ? $"tools/{Provider}" : $"services/{process}";

    private static string ProjectOf(string process) =>
        Path.GetFileNameWithoutExtension(Directory.GetFiles(Repository.PathOf(FolderOf(process), "src"), "*.csproj").Single());

    private static string WithoutFile(string name) => name.EndsWith("_FILE", StringComparison.Ordinal) ? name[..^"_FILE".Length] : name;

    // Every text in the program and in our libraries beside it: a variable that is none of them is read by nobody.
    private static HashSet<string> TextsOf(string process)
    {
        var project = ProjectOf(process);
        var folder = Repository.PathOf("artifacts", "bin", project, "release");
        return [.. Directory.GetFiles(folder, "Argosy.*.dll").Select(file => Path.GetFileNameWithoutExtension(file)).Append(project).SelectMany(name =>
        {
            using var assembly = Repository.Read(name, project);
            return assembly.AllTypes().SelectMany(type => type.Instructions()).Where(instruction => instruction.OpCode == OpCodes.Ldstr)
                .Select(instruction => (string)instruction.Operand).ToList();
        })];
    }

    [GeneratedRegex(@"([A-Za-z_][A-Za-z0-9_]*)=")]
    private static partial Regex Set();

    [GeneratedRegex(@":\d+(\.\d+)*(-[a-z]+)?$|:v\d+\.\d+\.\d+$")]
    private static partial Regex Version();

    [GeneratedRegex(@"^\| `([^`]+)`.* \|", RegexOptions.Multiline)]
    private static partial Regex Alarm();

    [GeneratedRegex(@"\b(argosy|service|messaging|db)_[a-z_]+_(total|seconds|bucket|count|messages|open|waiting|size)\b|\bargosy_[a-z]+_(open|waiting)\b")]
    private static partial Regex Metric();

    [GeneratedRegex(@"^\| (`[^|]+`) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("_(total|seconds)$")]
    private static partial Regex Unit();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Suffix();
}
