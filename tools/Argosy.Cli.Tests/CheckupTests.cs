using System.Net;
using System.Net.Sockets;
using Argosy.Cli.Processes;
using Argosy.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class CheckupTests : IDisposable
{
    private readonly DataFolder _data = TinyFleet.NewFolder();
    private readonly Repository _repository = Repository.Find();

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public async Task It_looks_at_everything_and_leaves_nothing_behind()
    {
        var before = Directory.GetFileSystemEntries(_data.Root);

        var checks = await new Checkup(_repository, _data).RunAsync(TestContext.Current.CancellationToken);

        checks.Select(c => c.Name).ShouldBe(["runtime", "build", "ports", "data", "disk", "fsync", "memory", "fleet", "tools"]);
        checks.ShouldAllBe(c => c.Finding.Length > 0);
        checks.Single(c => c.Name == "fsync").Finding.ShouldContain("ms to write 4 KiB durably");
        Directory.GetFileSystemEntries(_data.Root).ShouldBe(before);
    }

    [Fact]
    public async Task A_folder_that_others_can_read_is_a_warning()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("modes are Unix's");
            return;
        }

        File.SetUnixFileMode(_data.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);

        var data = (await new Checkup(_repository, _data).RunAsync(TestContext.Current.CancellationToken)).Single(c => c.Name == "data");

        data.Level.ShouldBe(CheckLevel.Warning);
        data.Finding.ShouldContain("chmod 700");
    }

    [Fact]
    public async Task A_taken_port_is_bad_and_its_owner_is_named()
    {
        var port = Catalog.Read(_repository).First(e => PortBlock.IsFree(e.Port)).Port;
        using var squatter = new TcpListener(IPAddress.Loopback, port);
        squatter.Start();

        var ports = (await new Checkup(_repository, _data).RunAsync(TestContext.Current.CancellationToken)).Single(c => c.Name == "ports");

        ports.Level.ShouldBe(CheckLevel.Bad);
        ports.Finding.ShouldContain($"{port}");
        if (OperatingSystem.IsLinux())
        {
            ports.Finding.ShouldContain($"pid {Environment.ProcessId}");
        }
    }
}
