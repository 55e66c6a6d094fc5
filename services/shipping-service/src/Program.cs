using Argosy.Chassis.Hosting;
using Argosy.Shipping;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("shipping-service")
    .Handle<ShipmentMessages>();

builder.Services.AddSingleton(ShippingOptions.Read(argosy.Settings));
builder.Services.AddSingleton<Shipments>();

var app = builder.Build();

app.MapArgosy();
app.MapShipments();
app.MapStatement();

await app.RunArgosyAsync();
