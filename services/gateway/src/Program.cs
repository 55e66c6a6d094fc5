using Argosy.Chassis.Hosting;
using Argosy.Gateway;
using Argosy.Gateway.Docs;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddArgosyProcess("gateway").AddEdge();

var app = builder.Build();
app.UseEdge();          // every request but those of the next two lines ends here
app.MapDocs();          // /docs
app.MapArgosy();        // /health, /ready, /metrics
await app.RunArgosyAsync();
