using System.Diagnostics;
using System.Text.Json;
using Argosy.Cli.Processes;
using Argosy.E2E;
using Argosy.FaultLab.Experiments;
using Argosy.FaultLab.Experiments.Kinds;
using Argosy.FaultLab.Fleets;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.Experiments;

/// <summary><c>chaos list</c> and <c>chaos run</c>, as the program that they are: every experiment that is included, one that fails, one that stops itself, one that is interrupted.</summary>
[Collection(nameof(WholeFleets))]
public sealed class ExperimentTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(12);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly Repository Repository = Repository.Find();

    private readonly string _files = Directory.CreateTempSubdirectory("argosy-experiment-").FullName;

    public void Dispose() => Directory.Delete(_files, recursive: true);

    [Fact]
    public async Task Every_included_experiment_passes_on_one_fleet_and_its_result_is_written()
    {
        await DebianTools.RequireAsync("prometheus", "prometheus");
        var canMount = await SmallDisk.IsPossibleAsync(Ct);
        var names = new Included(Repository).All().Where(engine => canMount || !engine.Needs(experiment => experiment.Chaos is DiskFill)).Select(engine => engine.Name).ToList();
        if (names.Count < new Included(Repository).All().Count)
        {
            output.WriteLine("left out: disk-fill, since this user can't mount a small disk");
        }

        var (exitCode, said) = await LabAsync(["run", .. names, "--seconds", "5"]);

        exitCode.ShouldBe(0, said);
        foreach (var name in names)
        {
            said.ShouldContain($"✔ {name}: ");
            var result = ResultOf(name);
            result.GetProperty("kind").GetString().ShouldBe("ChaosResult");
            var status = StatusOf(name);
            (status.GetProperty("phase").GetString(), status.GetProperty("verdict").GetString(), status.GetProperty("probeSuccessPercentage").GetString()).ShouldBe(("Completed", "Pass", "100"));
        }
    }

    [Fact]
    public async Task A_steady_state_that_cannot_hold_fails_and_where_a_probe_is_to_stop_it_the_run_is_stopped()
    {
        var file = File("impossible",
            Experiment("pod-http-latency", "env: [{name: LATENCY, value: '50'}, {name: TARGET_SERVICE_PORT, value: '8080'}, {name: TOTAL_CHAOS_DURATION, value: '4'}]", "Edge"),
            Experiment("pod-network-latency", "env: [{name: NETWORK_LATENCY, value: '100'}, {name: TOTAL_CHAOS_DURATION, value: '8'}]", "OnChaos", status: 418),
            Experiment("pod-http-status-code", "env: [{name: STATUS_CODE, value: '503'}, {name: TARGET_SERVICE_PORT, value: '8080'}, {name: TOTAL_CHAOS_DURATION, value: '600'}]", "OnChaos", stop: true),
            Experiment("pod-delete", "env: []", "Edge"));

        var (exitCode, said) = await LabAsync(["run", "--file", file]);

        exitCode.ShouldBe(1, said);
        said.ShouldContain("✘ impossible: pod-network-latency of user-service: Fail, 0 of 1 probes passed\n    is-ready during: expected status == 418, saw 200");
        said.ShouldContain("impossible: a probe failed that is to stop it (stopOnFailure); whatever was done is undone");
        said.ShouldContain("✘ impossible: pod-http-status-code of user-service: Stopped, 0 of 1 probes passed");
        said.ShouldContain("1 more are not run");
        said.ShouldNotContain("impossible: pod-delete");
        said.ShouldContain("✘ impossible: pod-http-latency of user-service: Stopped, 1 of 1 probes passed\n    it ended well, and the run was broken off before its books were read");
        StatusOf("impossible", "pod-http-latency").GetProperty("verdict").GetString().ShouldBe("Stopped", "nobody has read the books");
        StatusOf("impossible", "pod-network-latency").GetProperty("verdict").GetString().ShouldBe("Fail");
        StatusOf("impossible", "pod-http-status-code").GetProperty("verdict").GetString().ShouldBe("Stopped");
    }

    [Fact]
    public async Task Who_interrupts_it_has_it_undone_and_nothing_is_left()
    {
        // A probe that fails as soon as something is done says when that is.
        using var lab = Start(["run", "--file", File("interrupted", Experiment("pod-network-latency", "env: [{name: NETWORK_LATENCY, value: '100'}]", "OnChaos", status: 418)), "--seconds", "600"]);
        using var end = new Ending(lab);
        var lines = new List<string>();
        var folder = "";
        while (await lab.StandardError.ReadLineAsync(Ct).AsTask().WaitAsync(Within, Ct) is { } line)
        {
            lines.Add(line);
            if (line.Contains(", in /", StringComparison.Ordinal))
            {
                folder = line[(line.IndexOf(", in /", StringComparison.Ordinal) + 5)..];
            }

            if (line.StartsWith("  during ✘ is-ready", StringComparison.Ordinal))
            {
                Terminate(lab).ShouldBeTrue();
            }
        }

        var said = await lab.StandardOutput.ReadToEndAsync(Ct);
        await lab.WaitForExitAsync(Ct).WaitAsync(Within, Ct);

        lab.ExitCode.ShouldBe(1, string.Join('\n', lines));
        lines.ShouldContain("interrupted: it was interrupted; whatever was done is undone");
        lines[^1].ShouldBe("argosy: interrupted; what was done to the fleet is undone, and it is stopped");
        said.ShouldContain("✘ interrupted: pod-network-latency of user-service: Stopped");
        var status = StatusOf("interrupted");
        (status.GetProperty("phase").GetString(), status.GetProperty("verdict").GetString()).ShouldBe(("Stopped", "Stopped"));
        folder.ShouldNotBeEmpty();
        Directory.Exists(folder).ShouldBeFalse("the fleet's folder goes with it");
    }

    [Fact]
    public async Task The_list_names_each_with_what_it_does_and_a_bad_file_starts_nothing()
    {
        var (listed, table) = await LabAsync(["list"]);
        var (exitCode, said) = await LabAsync(["run", "--file", File("bad", Experiment("pod-teleport", "env: []", "Edge"))]);

        listed.ShouldBe(0);
        new Included(Repository).All().ShouldAllBe(engine => table.Contains($"{engine.Name}  ", StringComparison.Ordinal));
        exitCode.ShouldBe(1);
        said.ShouldContain("bad.yaml:9: spec.experiments[0].name is pod-teleport, which the lab doesn't do");
        said.ShouldNotContain("clients use a fleet");
    }

    private static bool Terminate(Process process) => !OperatingSystem.IsWindows() && Unix.Signal(process.Id, Unix.SigTerm);

    private string File(string name, params string[] experiments)
    {
        var file = Path.Combine(_files, $"{name}.yaml");
        System.IO.File.WriteAllText(file, $$"""
            apiVersion: litmuschaos.io/v1alpha1
            kind: ChaosEngine
            metadata: { name: {{name}} }
            spec:
              engineState: active
              appinfo: { appns: default, applabel: app=user-service, appkind: deployment }
              chaosServiceAccount: litmus-admin
              experiments:
            {{string.Concat(experiments)}}
            """);
        return file;
    }

    private static string Experiment(string kind, string components, string mode, bool stop = false, int status = 200) => $$"""
            - name: {{kind}}
              spec:
                components: { {{components}} }
                probe:
                  - name: is-ready
                    type: httpProbe
                    mode: {{mode}}
                    httpProbe/inputs: { url: 'http://user-service.default.svc.cluster.local:8080/ready', method: { get: { criteria: '==', responseCode: '{{status}}' } } }
                    runProperties: { probeTimeout: 2s, interval: 100ms, stopOnFailure: {{(stop ? "true" : "false")}} }

        """;

    private static JsonElement StatusOf(string engine, string kind = "*") => ResultOf(engine, kind).GetProperty("status").GetProperty("experimentStatus");

    private static JsonElement ResultOf(string engine, string kind = "*")
    {
        var file = Directory.GetFiles(Path.Combine(Repository.Root, "artifacts", "chaos"), $"{engine}-{kind}.json").Single();
        return JsonSerializer.Deserialize<JsonElement>(System.IO.File.ReadAllText(file));
    }

    private async Task<(int ExitCode, string Said)> LabAsync(string[] words)
    {
        using var lab = Start(words);
        using var end = new Ending(lab);
        var said = await Task.WhenAll(lab.StandardError.ReadToEndAsync(Ct), lab.StandardOutput.ReadToEndAsync(Ct)).WaitAsync(Within, Ct);
        await lab.WaitForExitAsync(Ct);
        output.WriteLine(string.Concat(said));
        return (lab.ExitCode, string.Concat(said));
    }

    /// <summary>Whatever becomes of a test, its lab doesn't go on.</summary>
    private sealed class Ending(Process lab) : IDisposable
    {
        public void Dispose()
        {
            if (!lab.HasExited)
            {
                lab.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(string[] words) => Process.Start(new ProcessStartInfo(DotnetHost.Path, [Repository.Assembly("Argosy.FaultLab"), .. words])
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
