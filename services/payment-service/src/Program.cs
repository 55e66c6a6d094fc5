using Argosy.Chassis.Hosting;
using Argosy.Payments;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("payment-service")
    .Handle<PaymentMessages>();

var options = PaymentOptions.Read(argosy.Settings);
argosy.Calls(StripeAdapter.Client, options.ApiBase, StripeAdapter.CallOptions(options));
argosy.Calls(StripeAdapter.Reads, options.ApiBase, StripeAdapter.CallOptions(options));

builder.Services.AddSingleton(options);
builder.Services.AddSingleton<StripeAdapter>();
builder.Services.AddSingleton<PaymentWorker>();
builder.Services.AddHostedService(services => services.GetRequiredService<PaymentWorker>());

var app = builder.Build();

app.MapArgosy();
app.MapPayments();
app.MapStatement();
app.MapWebhooks();

await app.RunArgosyAsync();
