using Argosy.Chassis.Hosting;
using Argosy.Users;

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddArgosy("user-service")
    .Handle<UserMessages>()
    .Caches();

builder.Services.AddSingleton<Profiles>();

var app = builder.Build();

app.MapArgosy();
app.MapUsers();

await app.RunArgosyAsync();
