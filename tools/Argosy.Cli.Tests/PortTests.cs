using System.Net;
using System.Net.Sockets;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class PortTests
{
    private static readonly CatalogEntry Orders = new("order-service", "OrderService", 5104, true);

    [Fact]
    public void A_taken_port_is_named_with_its_service_and_with_the_process_that_has_it()
    {
        using var squatter = new TcpListener(IPAddress.Loopback, 0);
        squatter.Start();
        var port = ((IPEndPoint)squatter.LocalEndpoint).Port;
        var plan = new ProcessPlan("order-service", ["x"], port, "/", new Dictionary<string, string?>(StringComparer.Ordinal));

        var refusal = Should.Throw<Refusal>(() => Ports.EnsureFree([plan]));

        refusal.Message.ShouldStartWith($"port {port} (order-service) is taken by ");
        refusal.Message.ShouldContain("--isolated");
        refusal.Message.ShouldNotContain("\n");
        if (OperatingSystem.IsLinux())
        {
            refusal.Message.ShouldContain($"pid {Environment.ProcessId} (");
        }
    }

    [Fact]
    public void A_port_that_somebody_has_on_all_addresses_is_taken_too()
    {
        using var squatter = new TcpListener(IPAddress.Any, 0);
        squatter.Start();

        PortBlock.IsFree(((IPEndPoint)squatter.LocalEndpoint).Port).ShouldBeFalse();
    }

    [Fact]
    public void Free_ports_are_free_different_and_below_the_range_of_outgoing_connections()
    {
        var ports = Ports.Free(["gateway", "order-service"]);

        ports.Values.Distinct().Count().ShouldBe(2);
        ports.Values.ShouldAllBe(p => p < 32_768 && PortBlock.IsFree(p));
    }

    [Fact]
    public void The_usual_port_is_that_of_the_catalogue_and_further_instances_get_free_ones()
    {
        var ports = Ports.Usual([new ServiceInstance(Orders, 1), new ServiceInstance(Orders, 2), new ServiceInstance(Orders, 3)]);

        ports["order-service"].ShouldBe(5104);
        ports.Values.Distinct().Count().ShouldBe(3);
        PortBlock.IsFree(ports["order-service-2"]).ShouldBeTrue();
    }

    [Fact]
    public void Fleets_that_start_at_once_have_blocks_apart()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-ports-").FullName;
        try
        {
            using var one = PortBlock.Take(folder)!;
            using var other = PortBlock.Take(folder)!;

            Math.Abs(one.FirstPort - other.FirstPort).ShouldBeGreaterThanOrEqualTo(PortBlock.Size);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_port_that_was_given_comes_again_after_all_others()
    {
        List<int?> given = [.. Enumerable.Range(0, PortBlock.Size / 2).Select(_ => PortBlock.Next())];

        given.ShouldAllBe(port => port != null);
        given.ShouldBeUnique();
    }

    [Fact]
    public void Where_all_are_given_there_is_none_until_somebody_ends()
    {
        var folder = Directory.CreateTempSubdirectory("argosy-ports-").FullName;
        List<PortBlock> all = [];
        try
        {
            while (PortBlock.Take(folder) is { } block)
            {
                all.Add(block);
                all.Count.ShouldBeLessThan(1_000);
            }

            all[7].Dispose();
            PortBlock.Take(folder).ShouldNotBeNull().Dispose();
        }
        finally
        {
            all.ForEach(block => block.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }
}
