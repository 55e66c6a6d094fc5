using Argosy.Chassis.Hosting;
using Argosy.Gateway;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddArgosyProcess("gateway").AddEdge();

var app = builder.Build();
app.UseEdge();          // every request but those of the next line ends here
app.MapArgosy();        // /health, /ready, /metrics
await app.RunArgosyAsync();
