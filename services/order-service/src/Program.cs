using Argosy.Chassis.Hosting;
using Argosy.Orders;

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddArgosy("order-service")
    .Handle<OrderMessages>()
    .Shows(Order.Stream.ReadModels)
    .Run(Checkout.Saga)
    .Calls(OrderPrices.Inventory)
    .Calls(OrderAddresses.Users);

builder.Services.AddHttpContextAccessor();
builder.Services.AddSingleton<OrderViews>();
builder.Services.AddSingleton<OrderPrices>();
builder.Services.AddSingleton<OrderAddresses>();
builder.Services.AddSingleton<OrderFeed>();
builder.Services.AddHostedService(services => services.GetRequiredService<OrderFeed>());

var app = builder.Build();

app.MapArgosy();
app.MapOrders();
app.MapStatement();

await app.RunArgosyAsync();
