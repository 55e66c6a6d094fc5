using Argosy.Auth;
using Argosy.Chassis.Hosting;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("auth-service")
    .Handle<AuthMessages>();
builder.Services.AddAccounts(AuthOptions.Read(argosy), Clients.Read(argosy.Settings, argosy.Options.JwtIssuer ?? "http://127.0.0.1"));
builder.Services.AddSigningKeys(KeyOptions.Read(argosy));

var app = builder.Build();

app.MapArgosy();
app.MapAccounts();
app.MapSessions();
app.MapApiKeys();
app.MapAuthorize();
app.MapConnect();
app.MapIntrospection();
app.MapUserInfo();
app.MapDiscovery();
app.MapKeys();

await app.RunArgosyAsync();
