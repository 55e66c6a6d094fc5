using Argosy.Auth;
using Argosy.Chassis.Hosting;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("auth-service")
    .Handle<AuthMessages>();
builder.Services.AddAccounts(AuthOptions.Read(argosy));

var app = builder.Build();

app.MapArgosy();
app.MapAccounts();
app.MapConnect();
app.MapDiscovery();

await app.RunArgosyAsync();
