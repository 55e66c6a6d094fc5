using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Experiments;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Experiments.Kinds;
using Argosy.FaultLab.Experiments.Probes;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.Experiments;

/// <summary>What is read of a ChaosEngine, and what is refused: before anything is started, with file, line and value.</summary>
public sealed class EngineFileTests
{
    private static readonly string[] Processes = ["gateway", "order-service", "payment-service", "payment-provider"];

    private const string Good = """
        apiVersion: litmuschaos.io/v1alpha1
        kind: ChaosEngine
        metadata:
          name: late
          namespace: default
        spec:
          engineState: active
          appinfo:
            appns: default
            applabel: app=payment-service
            appkind: deployment
          chaosServiceAccount: litmus-admin
          jobCleanUpPolicy: delete
          experiments:
            - name: pod-network-latency
              spec:
                components:
                  env:
                    - name: TOTAL_CHAOS_DURATION
                      value: "7"
                    - name: NETWORK_LATENCY
                      value: "300"
                    - name: JITTER
                      value: "50"
                    - name: DESTINATION_HOSTS
                      value: payment-provider.default.svc.cluster.local
                    - name: SOCKET_PATH
                      value: ''
                probe:
                  - name: door
                    type: httpProbe
                    mode: Continuous
                    httpProbe/inputs:
                      url: http://gateway.default.svc.cluster.local:8080/ready
                      insecureSkipVerify: false
                      method:
                        get:
                          criteria: "=="
                          responseCode: "200"
                    runProperties:
                      probeTimeout: 2s
                      interval: 500ms
                      attempt: 3
                      probePollingInterval: 2s
                      initialDelay: 1s
                      stopOnFailure: true
                  - name: rate
                    type: promProbe
                    mode: EOT
                    promProbe/inputs:
                      endpoint: http://prometheus.monitoring.svc.cluster.local:9090
                      query: sum(up)
                      comparator:
                        type: float
                        criteria: ">="
                        value: "1"
                    runProperties:
                      probeTimeout: 2s
                      interval: 1s
            - name: pod-delete
              spec:
                probe:
                  - name: shell
                    type: cmdProbe
                    mode: SOT
                    cmdProbe/inputs:
                      command: echo ok
                      comparator:
                        type: string
                        criteria: matches
                        value: ^ok$
                    runProperties:
                      probeTimeout: 2s
                      interval: 1s
                      retry: 2
        """;

    [Fact]
    public void Everything_that_a_file_says_is_understood_and_what_it_leaves_out_is_as_at_Litmus()
    {
        var engine = new EngineFile(Processes).Parse("late.yaml", Good);

        (engine.Name, engine.Target).ShouldBe(("late", "payment-service"));
        engine.Experiments.Select(experiment => experiment.Kind).ShouldBe(["pod-network-latency", "pod-delete"]);
        var latency = engine.Experiments[0].Chaos.ShouldBeOfType<NetworkLatency>();
        (latency.Length, latency.Latency, latency.Jitter).ShouldBe((TimeSpan.FromSeconds(7), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(50)));
        latency.Destinations.ShouldBe(["payment-provider"]);
        engine.Experiments[1].Chaos.ShouldBe(new PodKill("payment-service", TimeSpan.FromSeconds(5), IsKill: true) { Length = TimeSpan.FromSeconds(15) });
        var door = engine.Experiments[0].Probes[0];
        door.Mode.ShouldBe(ProbeMode.Continuous);
        door.Run.ShouldBe(new RunProperties(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(500), 3, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), StopOnFailure: true));
        engine.Experiments[0].Probes[1].Check.ShouldBe(new PromCheck("sum(up)", new Comparison("float", ">=", "1")));
        engine.Experiments[1].Probes[0].Run.Attempts.ShouldBe(2);
    }

    [Theory]
    [InlineData("kind: ChaosEngine", "kind: ChaosSchedule", 2, "kind is ChaosSchedule, and takes ChaosEngine here")]
    [InlineData("litmuschaos.io/v1alpha1", "litmuschaos.io/v1", 1, "apiVersion is litmuschaos.io/v1, and takes litmuschaos.io/v1alpha1 here")]
    [InlineData("  name: late", "  labels: {a: b}", 4, "metadata lacks name")]
    [InlineData("engineState: active", "engineState: stop", 7, "spec.engineState is stop, by which Litmus aborts an experiment: write active to have it run")]
    [InlineData("engineState: active", "engineState: activ", 7, "spec.engineState is activ, and takes active or stop here")]
    [InlineData("jobCleanUpPolicy: delete", "annotationCheck: 'true'", 13, "spec.annotationCheck is not supported by Argosy (supported here: engineState, appinfo, chaosServiceAccount, jobCleanUpPolicy, experiments)")]
    [InlineData("appns: default", "appns: shop", 9, "spec.appinfo.appns is shop, and takes default here")]
    [InlineData("app=payment-service", "app=billing", 10, "spec.appinfo.applabel is app=billing, which selects nothing: write app=NAME, where NAME is one of gateway, order-service, payment-provider, payment-service")]
    [InlineData("app=payment-service", "tier=back", 10, "spec.appinfo.applabel is tier=back, which selects nothing")]
    [InlineData("appkind: deployment", "appkind: statefulset", 11, "spec.appinfo.appkind is statefulset, and takes deployment here")]
    [InlineData("- name: pod-network-latency", "- name: pod-cpu-hog", 15, "spec.experiments[0].name is pod-cpu-hog, which the lab doesn't do: it does container-kill, disk-fill, pod-delete, pod-http-latency, pod-http-status-code, pod-network-latency")]
    [InlineData("- name: pod-delete", "- name: pod-network-latency", 60, "spec.experiments[1].name is pod-network-latency for the second time: an engine has one result for each name")]
    [InlineData("- name: JITTER", "- name: JITER", 23, "spec.experiments[0].spec.components.env[2].name is JITER, which pod-network-latency doesn't understand here: take it out, or use one of CONTAINER_RUNTIME")]
    [InlineData("- name: JITTER", "- name: NETWORK_LATENCY", 23, "spec.experiments[0].spec.components.env[2].name is NETWORK_LATENCY for the second time")]
    [InlineData("value: \"7\"", "value: 7", 20, "spec.experiments[0].spec.components.env[0].value must be text, and YAML reads 7 as something else: put it in quotes")]
    [InlineData("value: \"7\"", "value: \"soon\"", 20, "spec.experiments[0].spec.components.env[0].value of TOTAL_CHAOS_DURATION is soon: write a whole number from 1 to 3600")]
    [InlineData("value: \"50\"", "value: \"301\"", 24, "spec.experiments[0].spec.components.env[2].value of JITTER is more than NETWORK_LATENCY, 300: nothing arrives before it was sent")]
    [InlineData("value: payment-provider.default.svc.cluster.local", "value: example.com", 26, "spec.experiments[0].spec.components.env[3].value of DESTINATION_HOSTS names example.com, and takes others of the fleet")]
    [InlineData("type: httpProbe", "type: k8sProbe", 31, "spec.experiments[0].spec.probe[0].type is k8sProbe, which the lab doesn't ask: it asks httpProbe, promProbe, cmdProbe")]
    [InlineData("mode: Continuous", "mode: Always", 32, "spec.experiments[0].spec.probe[0].mode is Always, and takes SOT, EOT, Edge, Continuous, OnChaos")]
    [InlineData("http://gateway.default.svc.cluster.local:8080/ready", "https://example.com/", 34, "spec.experiments[0].spec.probe[0].httpProbe/inputs.url is https://example.com/: write http://NAME.default.svc.cluster.local:8080/PATH, where NAME is one of gateway")]
    [InlineData("responseCode: \"200\"", "responseCode: \"ok\"", 39, "spec.experiments[0].spec.probe[0].httpProbe/inputs.method.get.responseCode is ok: write a status such as '200'")]
    [InlineData("probeTimeout: 2s\n", "probeTimeout: 2000\n", 41, "spec.experiments[0].spec.probe[0].runProperties.probeTimeout must be text, and YAML reads 2000 as something else")]
    [InlineData("stopOnFailure: true", "stopOnFailure: 'true'", 46, "spec.experiments[0].spec.probe[0].runProperties.stopOnFailure must be true or false, without quotes")]
    [InlineData("- name: rate", "- name: door", 47, "spec.experiments[0].spec.probe[1].name is door for the second time")]
    [InlineData("query: sum(up)", "queryPath: /tmp/q", 52, "spec.experiments[0].spec.probe[1].promProbe/inputs.queryPath is not supported by Argosy (supported here: endpoint, query, comparator)")]
    [InlineData("http://prometheus.monitoring", "http://thanos.monitoring", 51, "spec.experiments[0].spec.probe[1].promProbe/inputs.endpoint is http://thanos.monitoring.svc.cluster.local:9090: write http://prometheus.NAMESPACE.svc.cluster.local:9090")]
    [InlineData("criteria: \">=\"", "criteria: contains", 55, "spec.experiments[0].spec.probe[1].promProbe/inputs.comparator.criteria is contains, and takes ==, !=, >=, <=, >, <, oneOf, between for a float")]
    [InlineData("value: \"1\"", "value: \"many\"", 56, "spec.experiments[0].spec.probe[1].promProbe/inputs.comparator.value is many: write a number")]
    [InlineData("value: ^ok$", "value: (ok", 71, "spec.experiments[1].spec.probe[0].cmdProbe/inputs.comparator.value is (ok: write a regular expression")]
    [InlineData("command: echo ok", "command: echo ok\n              source: {image: curl}", 68, "spec.experiments[1].spec.probe[0].cmdProbe/inputs.source is not supported by Argosy (supported here: command, comparator)")]
    public void What_the_lab_would_not_do_is_refused_with_file_line_and_value(string part, string instead, int line, string complaint)
    {
        Good.ShouldContain(part);
        var at = Good.IndexOf(part, StringComparison.Ordinal);

        Complaints(Good[..at] + instead + Good[(at + part.Length)..]).ShouldContain(said => said.StartsWith($"late.yaml:{line}: {complaint}", StringComparison.Ordinal), string.Join('\n', Complaints(Good[..at] + instead + Good[(at + part.Length)..])));
    }

    [Theory]
    [InlineData("pod-http-status-code", "STATUS_CODE", "404", "value of STATUS_CODE is 404, and takes 500, 501, 502, 503, 504 here")]
    [InlineData("pod-http-status-code", "STATUS_CODE", "abc", "value of STATUS_CODE is abc, and takes 500, 501, 502, 503, 504 here")]
    [InlineData("pod-http-status-code", "TARGET_SERVICE_PORT", "8080", "lacks STATUS_CODE in its env: name the status that is answered, such as '503'")]
    [InlineData("pod-http-latency", "LATENCY", "100", "lacks TARGET_SERVICE_PORT in its env: write '8080', where Argosy's services listen in a cluster")]
    [InlineData("pod-http-latency", "TARGET_SERVICE_PORT", "80", "value of TARGET_SERVICE_PORT is 80: write '8080'")]
    [InlineData("pod-http-latency", "TOXICITY", "101", "value of TOXICITY is 101: write a whole number from 1 to 100")]
    [InlineData("container-kill", "SIGNAL", "SIGSTOP", "value of SIGNAL is SIGSTOP, and takes SIGKILL, SIGTERM here")]
    [InlineData("pod-delete", "FORCE", "yes", "value of FORCE is yes, and takes true, false here")]
    [InlineData("pod-delete", "TARGET_CONTAINER", "sidecar", "value of TARGET_CONTAINER is sidecar, and takes payment-service here")]
    [InlineData("disk-fill", "EPHEMERAL_STORAGE_MEBIBYTES", "4096", "value of EPHEMERAL_STORAGE_MEBIBYTES is 4096: write a whole number from 1 to 192")]
    [InlineData("pod-delete", "TARGET_PODS", "a", "name is TARGET_PODS, which pod-delete doesn't understand here")]
    public void Each_kind_says_which_values_it_takes(string kind, string name, string value, string complaint)
    {
        var head = Good[..Good.IndexOf("    - name: pod-network-latency", StringComparison.Ordinal)];

        Complaints($"{head}    - name: {kind}\n      spec: {{components: {{env: [{{name: {name}, value: '{value}'}}]}}}}\n")
            .ShouldContain(said => said.Contains(complaint, StringComparison.Ordinal), kind);
    }

    [Theory]
    [InlineData("", "holds no ChaosEngine")]
    [InlineData("a: [", "is not YAML")]
    public void A_file_without_an_engine_is_refused(string yaml, string complaint) => Complaints(yaml).ShouldContain(said => said.Contains(complaint, StringComparison.Ordinal));

    [Fact]
    public void Two_engines_in_a_file_are_refused() =>
        Complaints($"{Good}\n---\n{Good}").ShouldContain(said => said.Contains("is the second in this file", StringComparison.Ordinal));

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_name() =>
        Should.Throw<Refusal>(() => new EngineFile(Processes).Load("nowhere.yaml")).Message.ShouldStartWith("nowhere.yaml can't be read: ");

    [Fact]
    public void Every_service_and_the_provider_has_an_experiment_and_every_kind_is_used()
    {
        var repository = Repository.Find();
        var all = new Included(repository).All();

        all.Select(engine => engine.Target).Order(StringComparer.Ordinal).ShouldBe(Catalog.Read(repository).Select(entry => entry.Name).Order(StringComparer.Ordinal));
        string.Join(", ", all.SelectMany(engine => engine.Experiments).Select(experiment => experiment.Kind).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)).ShouldBe(PodChaos.Known);
        all.SelectMany(engine => engine.Experiments).ShouldAllBe(experiment => experiment.Probes.Count > 0);
        Should.Throw<Refusal>(() => new Included(repository).Named(["earthquake"])).Message.ShouldStartWith("there is no experiment earthquake; there are auth-service-http-latency, ");
    }

    private static string[] Complaints(string yaml) => Should.Throw<Refusal>(() => new EngineFile(Processes).Parse("late.yaml", yaml)).Message.Split('\n');
}
