using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Argosy.Chassis.Hosting;

/// <summary>What a service says about itself, one line for each capability; begun by <see cref="ArgosyHosting.AddArgosy"/>.</summary>
public sealed class ArgosyBuilder
{
    internal ArgosyBuilder(WebApplicationBuilder builder, string name)
    {
        Host = builder;
        Settings = new Settings(builder.Configuration);
        Options = ServiceOptions.Read(Settings, name);
    }

    /// <summary>The host that is being built.</summary>
    public WebApplicationBuilder Host { get; }

    /// <summary>The container.</summary>
    public IServiceCollection Services => Host.Services;

    /// <summary>The environment; read a service's own variables through it, so that all errors come out together.</summary>
    public Settings Settings { get; }

    /// <summary>What every process is told.</summary>
    public ServiceOptions Options { get; }

    internal Action<ListenOptions> Listening { get; private set; } = Connections.CountConnections;

    /// <summary>What happens to the connections of the process's port before they speak HTTP, beside being counted.</summary>
    public ArgosyBuilder Listens(Action<ListenOptions> configure)
    {
        Listening += configure;
        return this;
    }

    /// <summary>Declares that another service is asked over HTTP: <c>IHttpClientFactory.CreateClient(name)</c>, with breaker, retries and deadlines, its instances in turn.</summary>
    public ArgosyBuilder Calls(string service, CallOptions? options = null)
    {
        Services.AddCalls(InstancesOf(service), options ?? new());
        return this;
    }

    /// <summary>As the other, for somebody who is none of our services and whose address is a setting of its own.</summary>
    public ArgosyBuilder Calls(string name, Uri address, CallOptions? options = null)
    {
        Services.AddCalls(new Instances(name, [address]), options ?? new());
        return this;
    }

    /// <summary>The instances of another service. Endpoints that leave it out are an error, noted; the address is then one that nobody has.</summary>
    public Instances InstancesOf(string service)
    {
        if (Options.AddressesOf(service) is { Count: > 0 } addresses)
        {
            return new Instances(service, addresses);
        }

        Settings.Refuse("SERVICE_ENDPOINTS", $"has no entry for {service}, which {Options.Name} asks: add {service}=http://HOST:PORT.");
        return new Instances(service, [new Uri($"http://{service}.invalid")]);
    }

    /// <summary>Declares something without which the service is not ready.</summary>
    /// <param name="name">As <c>/ready</c> shows it, e.g. <c>database</c>.</param>
    /// <param name="fault">Null when all is well, else a short reason without internals; it has a second to find out.</param>
    public ArgosyBuilder Needs(string name, Func<IServiceProvider, CancellationToken, ValueTask<string?>> fault)
    {
        Services.AddReadiness(name, fault);
        return this;
    }

    /// <summary>Declares something that <c>/ready</c> tells about, and without which the service is ready all the same.</summary>
    public ArgosyBuilder Watches(string name, Func<string?> fault)
    {
        Services.AddReadiness(name, (_, _) => ValueTask.FromResult(fault()), HealthStatus.Degraded);
        return this;
    }
}
