using Argosy.Chassis.Hosting;
using Argosy.Notifications;

var builder = WebApplication.CreateSlimBuilder(args);

var argosy = builder.AddArgosy("notification-service")
    .Handle<NotificationMessages>();

builder.Services.AddSingleton(NotificationOptions.Read(argosy.Settings, argosy.Options));
builder.Services.AddSingleton<NotificationViews>();
builder.Services.AddSingleton<NotificationFeed>();
builder.Services.AddSingleton<MailWorker>();
builder.Services.AddHostedService(services => services.GetRequiredService<MailWorker>());

var app = builder.Build();

app.MapArgosy();
app.MapNotifications();

await app.RunArgosyAsync();
