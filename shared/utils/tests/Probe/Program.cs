// The smallest process of the platform. Tests start it to see how any of them starts, answers, logs and ends.
using Argosy.Chassis.Hosting;
using Argosy.Probe;

if (Environment.GetEnvironmentVariable("PROBE_LEDGER") is not null)
{
    await Ledger.RunAsync(args);
    return;
}

var builder = WebApplication.CreateSlimBuilder(args);
var argosy = builder.AddArgosyProcess("probe");
if (argosy.Settings.Flag("PROBE_WORKER_DIES"))
{
    builder.Services.AddHostedService<DyingWorker>();
}

if (argosy.Settings.Text("PROBE_FAULT") is { } fault)
{
    argosy.Needs("probe", (_, _) => ValueTask.FromResult<string?>(fault));
}

var app = builder.Build();
app.MapArgosy();

app.MapGet("/slow", async (int ms, TimeProvider time, CancellationToken cancellation) =>
{
    await Task.Delay(TimeSpan.FromMilliseconds(ms), time, cancellation);
    return "done";
});
app.MapGet("/stream", async (HttpContext http, TimeProvider time) =>
{
    await http.Response.WriteAsync("data: begun\n\n", http.RequestAborted);
    await http.Response.Body.FlushAsync(http.RequestAborted);
    await Task.Delay(Timeout.InfiniteTimeSpan, time, http.RequestAborted);
}).Streams();
app.MapGet("/bug", string () => throw new InvalidOperationException("the secret of the bug"));
app.MapPost("/say", (ILogger<Program> log, Said said) =>
{
    log.LogInformation("{Who} says {What}", said.Who, said.What);
    return Results.NoContent();
});

await app.RunArgosyAsync();
