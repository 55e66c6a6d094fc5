using Argosy.Chassis.Hosting;
using Argosy.Inventory;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("inventory-service")
    .Handle<InventoryMessages>()
    .Caches();

builder.Services.AddSingleton(InventoryOptions.Read(argosy.Settings));
builder.Services.AddSingleton<Items>();
builder.Services.AddHostedService<Catalogue>();
builder.Services.AddHostedService<OverdueReservations>();

var app = builder.Build();

app.MapArgosy();
app.MapItems();
app.MapStatement();

await app.RunArgosyAsync();
