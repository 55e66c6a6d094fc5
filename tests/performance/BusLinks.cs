using System.Net;
using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.RabbitMq;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Performance;

/// <summary>The two ways from an outbox to an inbox, put together as <c>ServiceSetup</c> does for services.</summary>
internal static class BusLinks
{
    /// <summary>The sender's relays, and the receiver's endpoint behind a Kestrel on loopback, with tokens that are signed and verified.</summary>
    public static IHost Push(BusPair pair, string keys)
    {
        var port = ServiceProcess.FreePort();
        var subscriber = new Subscriber(pair.Receiver.Service, new Uri($"http://127.0.0.1:{port}"), BusPair.Types);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddSingleton(provider => new BusEndpoint(
            pair.Receiver.Service, Catalog.Embedded, KeysOf(pair.Receiver, keys), new Admission(pair.Receiver.Service, pair.Receiver.Store, TimeProvider.System),
            pair.Receiver.Lanes, pair.Receiver.Inbox, provider.GetRequiredService<IHostApplicationLifetime>()));
        builder.Services.AddHostedService(_ => new BusRelays(
            pair.Sender.Service, [subscriber], pair.Sender.Store, KeysOf(pair.Sender, keys), TimeProvider.System, NullLogger<BusRelays>.Instance));
        var app = builder.Build();
        app.MapPost("/bus/v1", static (HttpContext http, BusEndpoint bus) => bus.ReceiveAsync(http));
        return app;
    }

    /// <summary>A key for each end, in a folder.</summary>
    public static void WriteKeys(string folder, params IEnumerable<string> services)
    {
        foreach (var service in services)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            File.WriteAllText(Path.Combine(folder, $"{service}.private.pem"), key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(Path.Combine(folder, $"{service}.public.pem"), key.ExportSubjectPublicKeyInfoPem());
        }
    }

    /// <summary>A relay and a consumer at each end, on a virtual host. Of the catalogue they know what they say to each other.</summary>
    public static IHost Rabbit(BusPair pair, RabbitUrl url)
    {
        var sends = new BusPart(pair.Sender.Service, BusPair.Types, [], [new Subscription(pair.Receiver.Service, BusPair.Types)], [], Catalog.Embedded.MayPublish);
        var takes = new BusPart(pair.Receiver.Service, [], BusPair.Types, [], [], Catalog.Embedded.MayPublish);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IHostedService>(BusOf(pair.Receiver, takes));
        builder.Services.AddSingleton<IHostedService>(BusOf(pair.Sender, sends));
        return builder.Build();

        RabbitBus BusOf(BusEnd end, BusPart part) =>
            new(part, end.Service, RabbitBus.LeaseTime, url, end.Store, end.Lanes, end.Inbox, TimeProvider.System, NullLogger<RabbitBus>.Instance);
    }

    private static BusKeys KeysOf(BusEnd end, string folder) => new(folder, end.Service, Catalog.Embedded, TimeProvider.System, NullLogger<BusKeys>.Instance);
}
