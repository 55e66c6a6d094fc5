using Argosy.Chassis.Tests.Bus;
using Argosy.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedBroker))]

namespace Argosy.Chassis.Tests.Bus;

/// <summary>One broker for the whole assembly, started by whoever asks first.</summary>
public sealed class SharedBroker : IAsyncDisposable
{
    private static readonly Lazy<Task<RabbitServer>> Started = new(StartAsync);

    /// <summary>Tests that use the broker run one after another: some of them stop it.</summary>
    public const string Collection = "broker";

    /// <summary>The broker; where there is none the test is left out, which says so.</summary>
    public static Task<RabbitServer> GetAsync() => Started.Value;

    public async ValueTask DisposeAsync()
    {
        if (Started.IsValueCreated && Started.Value.IsCompletedSuccessfully)
        {
            await (await Started.Value).DisposeAsync();
        }
    }

    private static async Task<RabbitServer> StartAsync()
    {
        Assert.SkipUnless(await RabbitServer.InstalledAsync(), $"RabbitMQ is not here and could not be installed: install Debian's package {RabbitServer.Package}.");
        return await RabbitServer.StartAsync();
    }
}
