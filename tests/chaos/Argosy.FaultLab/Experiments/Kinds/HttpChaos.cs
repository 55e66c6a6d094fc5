using System.Globalization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>
/// The pod's answers over HTTP come late, or with another status: whatever was asked has been done. As at Litmus a proxy before its port does
/// it, so that whoever asks is answered so: the gateway, other services, and probes.
/// </summary>
internal sealed record HttpChaos(string Process, HttpWeather Weather) : PodChaos(Process)
{
    /// <summary>Where all of Argosy's services listen in a cluster.</summary>
    private const int Port = 8080;

    public override string What => string.Create(CultureInfo.InvariantCulture, $"{Weather.Percent:0.#} % of its answers {(Weather.Status is { } status ? $"are a {status}" : $"are {Weather.Latency.TotalMilliseconds:0} ms late")}");

    public static HttpChaos ReadLatency(Variables env, string process) =>
        Read(env, process, new HttpWeather(Percent(env)) { Latency = env.Milliseconds("LATENCY", 2000, from: 1) });

    public static HttpChaos ReadStatusCode(Variables env, string process)
    {
        var weather = new HttpWeather(Percent(env))
        {
            // Litmus knows others too, and draws one where none is written. Whoever is told a 4xx, or a 2xx, believes it: the books would
            // then blame services for what the experiment has said in their name.
            Status = int.TryParse(env.OneOf("STATUS_CODE", "", "500", "501", "502", "503", "504"), NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0,
            ContentType = env.Text("CONTENT_TYPE") ?? "text/plain",
            Body = env.OneOf("MODIFY_RESPONSE_BODY", "true", "true", "false") == "false" ? null : env.Text("RESPONSE_BODY") ?? "",
        };
        if (env.Text("STATUS_CODE") is null)
        {
            env.Require("STATUS_CODE", "name the status that is answered, such as '503'");
        }

        return Read(env, process, weather);
    }

    public override IFault On(LabFleet fleet) => new BadAnswers(Process, What, Weather);

    public override string TraceOn(LabFleet fleet) => string.Create(CultureInfo.InvariantCulture, $"{fleet.Answers[Process].Worsened} answers of {Process} were made worse");

    private static int Percent(Variables env) => env.Number("TOXICITY", 100, 1, 100);

    private static HttpChaos Read(Variables env, string process, HttpWeather weather)
    {
        env.ForTheClusterOnly("PROXY_PORT", "NETWORK_INTERFACE");
        if (env.Number("TARGET_SERVICE_PORT", 80, 1, 65535) != Port)
        {
            env.Require("TARGET_SERVICE_PORT", $"write '{Port}', where Argosy's services listen in a cluster; at another one nothing would happen");
        }

        return new HttpChaos(process, weather) { Length = env.Seconds("TOTAL_CHAOS_DURATION", 60) };
    }
}

/// <summary>What a process answers over HTTP is made worse on its way.</summary>
internal sealed record BadAnswers(string Process, string What, HttpWeather Weather) : IFault
{
    public string Whom => Process;

    public IReadOnlyList<string> Touches => [$"answers of {Process}"];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        var link = fleet.Answers[Process];
        link.Weather = Weather;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, end);
        }
        finally
        {
            link.Weather = null;
        }
    }
}
